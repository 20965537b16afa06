"""Margins of the test points, and the share that is undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grokrfm.checks import not_negative
from grokrfm.probes.probe import Numbers, Probe, lead, means
from grokrfm.rfm import Examples, Step


@dataclass(frozen=True)
class Margin(Probe):
    """Lead of the true class over the best other (smallest and median), and undecided points.

    A test point is undecided if its two largest outputs are closer than `tolerance`, for any two
    classes.

    Parameters
    ----------
    tolerance : float   in units of the outputs (targets are 0 and 1)
    """

    needs_all_rows: ClassVar[bool] = False

    tolerance: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", not_negative("tolerance", self.tolerance))

    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        margins = lead(step.test_outputs, test.labels)
        first, second = step.test_outputs.topk(2, dim=1).values.T
        undecided = (first - second < self.tolerance).to(margins.dtype)
        return {
            "margin_smallest": margins.min(),
            "margin_median": margins.quantile(0.5),
            **means("undecided", undecided, test.strata),
        }
