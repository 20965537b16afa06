"""Condition number of the kernel matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Condition(Probe):
    """`condition`: estimate for K + ridge·I in the one-norm (see grokrfm.rfm.solve.condition).

    It takes about ten solves with one right-hand side each: a few per cent of an iteration.
    """

    needs_all_rows: ClassVar[bool] = False
    needs_condition: ClassVar[bool] = True

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        assert step.condition is not None
        return {"condition": step.condition}
