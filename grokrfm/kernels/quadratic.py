"""k(x, z) = 3 t² with t = xᵀ M z."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from grokrfm.kernels.kernel import InnerProductKernel
from grokrfm.kernels.onehot import OneHot


@dataclass(frozen=True)
class Quadratic(InnerProductKernel):
    """The quadratic kernel with a feature matrix.

    The factor 3 does not change predictions; it keeps M comparable with the papers'.
    """

    def profile(self, inner_product: Tensor) -> Tensor:
        return inner_product.square() * 3

    def slope(self, inner_product: Tensor) -> Tensor:
        return inner_product * 6

    def agop(self, M: Tensor, x: OneHot, coefficients: Tensor, centering: bool) -> Tensor:
        """The AGOP from second moments of the inputs, at a cost of about 4·c·d³ whatever n is.

        With S_c = Σ_i α_ic x_i x_iᵀ the gradient of output c is 6·M S_c M x, linear in x, so
        AGOP = 36·M [Σ_c S_c (M Σ_x M) S_c] M, with Σ_x the (centred) second moment of the inputs.
        """
        d, c = x.width, coefficients.shape[1]
        inputs = x.dense(M.dtype)
        if centering:
            inputs = inputs - inputs.mean(dim=0)
        spread = M @ (inputs.T @ inputs / len(x)) @ M

        moments = coefficients.new_zeros(d * d, c)
        for first in x.active.T:
            for second in x.active.T:
                moments.index_add_(0, first * d + second, coefficients)
        S = moments.T.reshape(c, d, d)
        # S, spread are symmetric: Σ_c S_c·spread·S_c = Σ_c (spread·S_c)ᵀ S_c, one product.
        inner = (spread @ S).reshape(c * d, d).T @ S.reshape(c * d, d)
        return 36 * (M @ inner @ M)
