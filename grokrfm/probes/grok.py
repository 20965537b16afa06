"""Iteration at which a run groks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grokrfm.checks import number
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import History, Numbers, Probe, Summary
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Grok(Probe):
    """First iteration whose test accuracy reaches `threshold` and stays there to the end.

    `grok_iteration` is None if no iteration does: the time is censored, not infinite.

    Parameters
    ----------
    threshold : float   a test accuracy above 0 and at most 1
    """

    needs_all_rows: ClassVar[bool] = False
    measures_batches: ClassVar[bool] = True

    threshold: float

    def __post_init__(self) -> None:
        rule = "a number above 0 and at most 1"
        threshold = number("threshold", self.threshold, rule=rule)
        number("threshold", self.threshold, rule=rule, allowed=0 < threshold <= 1)
        object.__setattr__(self, "threshold", threshold)

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        return {"test_accuracy": test.means("test_accuracy", test.right)["test_accuracy"]}

    def summarise(self, history: History) -> Summary:
        return {"grok_iteration": grok_iteration(history, "test_accuracy", self.threshold)}


def grok_iteration(history: History, number: str, threshold: float) -> int | None:
    """First observed iteration from which `number` stays at or above `threshold` to the end.

    Observations may be sparse, such as iterations 99, 199, …; a number that is not finite counts
    as below the threshold.

    Returns
    -------
    int | None   None if the last observation is below the threshold: the time is censored
    """
    first = None
    for iteration, value in zip(history["iteration"], history[number], strict=True):
        if value is None or value < threshold:
            first = None
        elif first is None:
            first = iteration
    return None if first is None else int(first)
