"""Lengths of the images of the points under the feature matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Images(Probe):
    """Mean ‖M x‖ over the training points, over the test points and over each stratum.

    It is 0 where M annihilates every point; then all outputs are equal there.
    """

    needs_all_rows: ClassVar[bool] = False

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        def lengths(of: Predicted) -> Tensor:
            return of.examples.inputs.times(step.M).norm(dim=1)

        return {
            **train.means("train_image", lengths(train)),
            **test.means("test_image", lengths(test)),
        }
