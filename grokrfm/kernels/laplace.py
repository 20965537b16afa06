"""k(x, z) = exp(−d / bandwidth)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from grokrfm import checks
from grokrfm.kernels.kernel import RadialKernel, empty_gram, fill
from grokrfm.kernels.onehot import OneHot, squared_distances


@dataclass(frozen=True)
class Laplace(RadialKernel):
    """Laplace kernel with a feature matrix.

    Parameters
    ----------
    bandwidth : float   in units of the distance d; positive
    """

    bandwidth: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bandwidth", checks.bandwidth(self.bandwidth))

    def profile(self, squared_distance: Tensor) -> Tensor:
        return (squared_distance.sqrt() * (-1 / self.bandwidth)).exp_()

    def slope(self, squared_distance: Tensor) -> Tensor:
        """−exp(−d/L) / (2·L·d), and 0 at d = 0, the cusp of the kernel."""
        distance = squared_distance.sqrt()
        slope = torch.exp(distance / -self.bandwidth) / (-2 * self.bandwidth * distance)
        return torch.where(distance > 0, slope, 0)

    @property
    def gradient_scale(self) -> float:  # type: ignore[override]  # −2·slope = K / (d·bandwidth)
        return 1 / self.bandwidth

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        def divided(squared_distance: Tensor, rows: slice, columns: slice) -> Tensor:
            return squared_distance.rsqrt_().mul_(gram[..., rows, columns])

        filled = empty_gram(M, x, z) if out is None else out
        at_cusp = math.inf  # weight 0
        return fill(filled, squared_distances(M, x, z, zero=at_cusp), divided)
