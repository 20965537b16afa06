"""What a probe is: Step → named numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from grokrfm.rfm import Examples, Start, Step
from grokrfm.splits import Split, Splitter
from grokrfm.tasks import Task

Numbers = dict[str, Tensor]
"""Scalars by name, left on the device so that one transfer fetches them all."""

History = Mapping[str, Sequence[float | None]]
"""Every number by name over the iterations; None where it is not a finite number."""

Summary = dict[str, float | int | str | None]
"""Numbers of a run as a whole, and names where a number would say little."""


class Run(Protocol):
    """What a probe may look at before a run; an Experiment is one."""

    @property
    def task(self) -> Task: ...

    @property
    def splitter(self) -> Splitter: ...

    @property
    def split(self) -> Split: ...

    @property
    def start(self) -> Start: ...


class Probe(ABC):
    """Measures every Step of a run, and may sum the run up when it is over.

    `needs_condition` asks the engine for Step.condition, which it does not estimate otherwise;
    `needs_features` asks for `hindsight`, and for all feature matrices to be held until then.
    """

    needs_condition: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False

    def bind(self, run: Run) -> Probe:
        """This probe made ready to measure one run; called before anything is computed.

        Raises
        ------
        SettingError   if it has no meaning there
        """
        return self

    @abstractmethod
    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        """The numbers of one iteration; 0-dimensional tensors."""

    def summarise(self, history: History) -> Summary:
        """Numbers of the run as a whole, from the history of all probes."""
        return {}

    def hindsight(self, matrices: Sequence[np.ndarray]) -> Mapping[str, list[float]]:
        """Numbers of every iteration that only the whole run tells, by name.

        Parameters
        ----------
        matrices   M_0 … M_K, (d, d); iteration k was fitted with M_k, and none with the last
        """
        return {}


class UnboundProbe(Probe):
    """A probe that measures nothing before `bind` has shown it a run."""

    @abstractmethod
    def bind(self, run: Run) -> Probe: ...

    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        raise TypeError(f"{type(self).__name__} must be bound to a run first: probe.bind(run)")


def means(name: str, values: Tensor, strata: Mapping[str, Tensor]) -> Numbers:
    """The mean of (m,) values, and as `name_stratum` that of each stratum (NaN if empty)."""
    numbers = {name: values.mean()}
    for stratum, mask in strata.items():
        numbers[f"{name}_{stratum}"] = values[mask].mean()
    return numbers


def lead(outputs: Tensor, labels: Tensor) -> Tensor:
    """By how much the true class leads the best other one: (m,), negative where it trails."""
    true = outputs.gather(1, labels[:, None])
    others = outputs.scatter(1, labels[:, None], -torch.inf)
    return true.squeeze(1) - others.max(dim=1).values
