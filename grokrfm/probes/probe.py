"""What a probe is: Step → named numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from grokrfm.rfm import Examples, Step

Numbers = dict[str, Tensor]
"""Scalars by name, left on the device so that one transfer fetches them all."""

History = Mapping[str, Sequence[float | None]]
"""Every number by name over the iterations; None where it is not a finite number."""


class Probe(ABC):
    """Measures every Step of a run, and may sum the run up when it is over.

    `needs_condition` asks the engine for Step.condition, which it does not estimate otherwise.
    """

    needs_condition: ClassVar[bool] = False

    @abstractmethod
    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        """The numbers of one iteration; 0-dimensional tensors."""

    def summarise(self, history: History) -> dict[str, float | int | None]:
        """Numbers of the run as a whole, from the history of all probes."""
        return {}


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
