"""Mean squared error over points and outputs, overall and per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Loss(Probe):
    """Square loss against one-hot targets, averaged over points and outputs."""

    needs_all_rows: ClassVar[bool] = False
    measures_batches: ClassVar[bool] = True

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        return {
            **train.means("train_loss", train.squared_errors),
            **test.means("test_loss", test.squared_errors),
        }
