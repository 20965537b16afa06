"""Accuracy, plain and tie-aware, overall and per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from grokrfm.checks import not_negative
from grokrfm.probes.probe import Numbers, Probe, lead, means
from grokrfm.rfm import Examples, Step


@dataclass(frozen=True)
class Accuracy(Probe):
    """Share of points whose largest output is that of their label.

    On a symmetric split all classes can tie to rounding; the plain accuracy is then an argmax over
    noise. `test_accuracy_strict` counts a point only if its true class leads by more than `tie`.

    Parameters
    ----------
    tie : float   in units of the outputs (targets are 0 and 1)
    """

    needs_all_rows: ClassVar[bool] = False

    tie: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tie", not_negative("tie", self.tie))

    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        strict = lead(step.test_outputs, test.labels) > self.tie
        return {
            **means("train_accuracy", right(step.train_outputs, train.labels), {}),
            **means("test_accuracy", right(step.test_outputs, test.labels), test.strata),
            **means("test_accuracy_strict", strict.to(step.M.dtype), test.strata),
        }


def right(outputs: Tensor, labels: Tensor) -> Tensor:
    """(m,) 1 where the prediction is the label, 0 elsewhere."""
    return (outputs.argmax(dim=1) == labels).to(outputs.dtype)
