"""Probe interface: Step → named numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from grokrfm.probes.predicted import Mean, Predicted
from grokrfm.rfm import RFM, Start, Step
from grokrfm.splits import Split, Splitter
from grokrfm.tasks import Task

Summary = dict[str, float | int | str | None]
"""Numbers, and names, of a run as a whole."""

Numbers = dict[str, Tensor | Mean | float | int | str | None]
"""Numbers, and names, of an iteration; tensors are scalars that one transfer fetches together."""

History = Mapping[str, Sequence[float | None]]
"""Every number by name, and `iteration`, one value per observation; None if not finite."""


class Run(Protocol):
    """Parts of a run that a probe may read in `bind`; an Experiment has them."""

    @property
    def task(self) -> Task: ...

    @property
    def splitter(self) -> Splitter: ...

    @property
    def split(self) -> Split: ...

    @property
    def start(self) -> Start: ...

    @property
    def rfm(self) -> RFM: ...

    def steps(self, device: torch.device, *, rfm: RFM) -> Iterator[Step]: ...


class Probe(ABC):
    """Measurement of every Step of a run, with an optional summary of the run.

    `needs_condition` requests Step.condition, which the engine does not estimate otherwise;
    `needs_features` requests `hindsight`, for which all feature matrices stay in memory. A probe
    that reads no outputs, or only means and quantiles over rows, sets `needs_all_rows` to False: on
    a training set solved on representatives it then sees one row of every orbit. One that reads
    nothing but `train` and `test`, of which every tensor may have a first dimension for the runs of
    a batch, sets `measures_batches` to True.
    """

    needs_condition: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    needs_all_rows: ClassVar[bool] = True
    measures_batches: ClassVar[bool] = False

    def bind(self, run: Run) -> Probe:
        """Return a probe that measures this run; called before anything is computed.

        Raises
        ------
        SettingError   if the probe does not apply to this run
        """
        return self

    @abstractmethod
    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        """Return the numbers of one iteration; those on a device as 0-dimensional tensors."""

    def summarise(self, history: History) -> Summary:
        """Return numbers of the run as a whole, from the history of all probes."""
        return {}

    def hindsight(self, matrices: Sequence[np.ndarray]) -> Mapping[str, list[float]]:
        """Return numbers of every iteration that are known only after the run, by name.

        Parameters
        ----------
        matrices   M_0 … M_K, (d, d); iteration k was fitted with M_k, and none with the last
        """
        return {}


class UnboundProbe(Probe):
    """Probe that needs `bind` before it can measure."""

    @abstractmethod
    def bind(self, run: Run) -> Probe: ...

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        raise TypeError(f"{type(self).__name__} must be bound to a run first: probe.bind(run)")
