"""Accuracy, plain and tie-aware, overall and per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grokrfm.checks import not_negative
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Accuracy(Probe):
    """Share of points whose largest output is that of their label.

    On a symmetric split all classes can tie to rounding; the plain accuracy is then an argmax over
    noise. `test_accuracy_strict` counts a point only if its true class leads by more than `tie`
    times the largest output.

    Parameters
    ----------
    tie : float   share of the largest absolute output of the test rows
    """

    needs_all_rows: ClassVar[bool] = False
    measures_batches: ClassVar[bool] = True

    tie: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tie", not_negative("tie", self.tie))

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        return {
            **train.means("train_accuracy", train.right),
            **test.means("test_accuracy", test.right),
            **test.means("test_accuracy_strict", test.leads(self.tie)),
        }
