"""k(x, z) = ½(xᵀMx − 1)(zᵀMz − 1) + t² with t = xᵀ M z."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from grokrfm.kernels.kernel import empty_gram, fill
from grokrfm.kernels.onehot import OneHot, inner_products
from grokrfm.kernels.second_moments import linear_gradient_agop


@dataclass(frozen=True)
class GeneralQuadratic:
    """Quadratic kernel that also depends on the norms of its arguments."""

    def gram(self, M: Tensor, x: OneHot, z: OneHot, out: Tensor | None = None) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        x_excess, z_excess = (x.norms(M) - 1) / 2, z.norms(M) - 1

        def profile(t: Tensor, rows: slice, columns: slice) -> Tensor:
            return t.square_().addcmul_(x_excess[..., rows, None], z_excess[..., None, columns])

        return fill(filled, inner_products(M, x, z), profile)

    def agop(self, M: Tensor, x: OneHot, coefficients: Tensor, centering: bool) -> Tensor:
        """∇f(x) = Σ_i α_i [(x_iᵀMx_i − 1) M x + 2·t_i·M x_i] = M (Σ_i α_i (…)·I + 2 S M) x."""
        shift = ((x.norms(M) - 1)[..., None, :] @ coefficients).squeeze(-2)
        return linear_gradient_agop(M, x, coefficients, 2, centering, shift)
