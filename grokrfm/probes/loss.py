"""Mean squared error over points and outputs, overall and per stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from grokrfm.probes.probe import Numbers, Probe, means
from grokrfm.rfm import Examples, Step


@dataclass(frozen=True)
class Loss(Probe):
    """Square loss against one-hot targets, averaged over points and outputs."""

    needs_all_rows: ClassVar[bool] = False

    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        return {
            **means("train_loss", _squared_errors(step.train_outputs, train.labels), {}),
            **means("test_loss", _squared_errors(step.test_outputs, test.labels), test.strata),
        }


def _squared_errors(outputs: Tensor, labels: Tensor) -> Tensor:
    targets = torch.nn.functional.one_hot(labels, outputs.shape[1])
    return (outputs - targets).square().mean(dim=1)
