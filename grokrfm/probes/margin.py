"""Margins of the test points, and the share that is undecided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from grokrfm.checks import not_negative
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Margin(Probe):
    """Lead of the true class over the best other (smallest and median), and undecided points.

    A test point is undecided if its two largest outputs are closer than `tolerance` times the
    largest output, whichever the two classes.

    Parameters
    ----------
    tolerance : float   share of the largest absolute output of the test rows
    """

    needs_all_rows: ClassVar[bool] = False
    measures_batches: ClassVar[bool] = True

    tolerance: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "tolerance", not_negative("tolerance", self.tolerance))

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        margins, m = test.lead.sort(dim=-1).values, test.labels.shape[-1]
        return {
            "margin_smallest": margins[..., 0],
            "margin_median": torch.lerp(margins[..., (m - 1) // 2], margins[..., m // 2], 0.5),
            **test.means("undecided", test.ties(self.tolerance)),
        }
