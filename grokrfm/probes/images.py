"""Lengths of the images of the points under the feature matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from grokrfm.probes.probe import Numbers, Probe, means
from grokrfm.rfm import Examples, Step


@dataclass(frozen=True)
class Images(Probe):
    """Mean ‖M x‖ over the training points, over the test points and over each stratum.

    It is 0 where M annihilates every point; then all outputs are equal there.
    """

    needs_all_rows: ClassVar[bool] = False

    def measure(self, step: Step, train: Examples, test: Examples) -> Numbers:
        def lengths(of: Examples) -> Tensor:
            return of.inputs.times(step.M).norm(dim=1)

        return {
            **means("train_image", lengths(train), {}),
            **means("test_image", lengths(test), test.strata),
        }
