"""Eigenvalues of M."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from grokrfm.checks import SettingError, integer
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Spectrum(Probe):
    """Trace, effective rank and the largest eigenvalues of M.

    The effective rank is exp(−Σ q log q) of the eigenvalues' shares q of the trace: r if r of them
    are equal and the rest 0. Eigenvalues that rounding makes negative count as 0.

    Parameters
    ----------
    eigenvalues : int   number recorded, as `eigenvalue_1` (the largest), `eigenvalue_2`, …

    Source: O. Roy, M. Vetterli, "The effective rank", EUSIPCO 2007.
    """

    needs_all_rows: ClassVar[bool] = False

    eigenvalues: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "eigenvalues", integer("eigenvalues", self.eigenvalues, minimum=0))

    def bind(self, run: Run) -> Probe:
        if self.eigenvalues > run.task.width:
            raise SettingError(
                "eigenvalues",
                f"must be at most {run.task.width}, the width of M, got {self.eigenvalues}",
            )
        return self

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        values = torch.linalg.eigvalsh(step.M).clamp(min=0)
        shares = values / values.sum()
        leading = values.flip(0)[: self.eigenvalues]
        return {
            "trace": step.M.trace(),
            "effective_rank": torch.special.entr(shares).sum().exp(),
            **{f"eigenvalue_{i}": value for i, value in enumerate(leading, start=1)},
        }
