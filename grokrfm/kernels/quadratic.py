"""k(x, z) = 3 t² with t = xᵀ M z."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from grokrfm.kernels.kernel import InnerProductKernel
from grokrfm.kernels.onehot import OneHot
from grokrfm.kernels.second_moments import linear_gradient_agop


@dataclass(frozen=True)
class Quadratic(InnerProductKernel):
    """Quadratic kernel with a feature matrix.

    The factor 3 does not change predictions; it keeps M comparable with the papers'.
    """

    def profile(self, inner_product: Tensor) -> Tensor:
        return inner_product.square() * 3

    def slope(self, inner_product: Tensor) -> Tensor:
        return inner_product * 6

    def agop(self, M: Tensor, x: OneHot, coefficients: Tensor, centering: bool) -> Tensor:
        """∇f(x) = Σ_i α_i 6·t_i·M x_i = M (6 S M) x."""
        return linear_gradient_agop(M, x, coefficients, 6, centering)
