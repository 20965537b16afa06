"""k(x, z) = exp(−d² / (2·bandwidth²))."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from grokrfm import checks
from grokrfm.kernels.kernel import RadialKernel
from grokrfm.kernels.onehot import OneHot


@dataclass(frozen=True)
class Gaussian(RadialKernel):
    """Gaussian kernel with a feature matrix.

    The papers print exp(−d²/L) with L = 2.5; their numbers come from the form above with
    bandwidth 2.5, whose denominator is 12.5.

    Parameters
    ----------
    bandwidth : float   in units of the distance d; positive
    """

    bandwidth: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bandwidth", checks.bandwidth(self.bandwidth))

    def profile(self, squared_distance: Tensor) -> Tensor:
        return (squared_distance * (-0.5 / self.bandwidth**2)).exp_()

    def slope(self, squared_distance: Tensor) -> Tensor:
        return self.profile(squared_distance) * (-0.5 / self.bandwidth**2)

    @property
    def gradient_scale(self) -> float:  # type: ignore[override]  # −2·slope = K / bandwidth²
        return 1 / self.bandwidth**2

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        return gram
