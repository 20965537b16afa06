"""AGOP in closed form for kernels whose gradient is linear in x."""

from __future__ import annotations

from torch import Tensor

from grokrfm.kernels.onehot import OneHot


def linear_gradient_agop(
    M: Tensor, x: OneHot, coefficients: Tensor, shift: Tensor, factor: float, centering: bool
) -> Tensor:
    """AGOP of f_c with ∇f_c(x) = M G_c x, G_c = shift_c·I + factor·S_c M.

    S_c = Σ_i α_ic x_i x_iᵀ is the second moment of the inputs weighted by the coefficients, and
    AGOP = M [Σ_c G_c Σ_x G_cᵀ] M with Σ_x the (centred) second moment of the inputs: about 4·c·d³
    operations, independent of n.

    Parameters
    ----------
    M : (d, d)              symmetric
    coefficients : (n, c)   α
    shift : (c,)

    Returns
    -------
    (d, d)
    """
    d, c = x.width, coefficients.shape[-1]
    runs = coefficients.shape[:-2]
    inputs = x.dense(M.dtype)
    if centering:
        inputs = inputs - inputs.mean(dim=-2, keepdim=True)
    spread = inputs.mT @ inputs / len(x)

    moments = coefficients.new_zeros(runs.numel() * d * d, c)
    for first in x.stacked().T:
        for second in x.active.flatten(0, -2).T:
            moments.index_add_(0, first * d + second, coefficients.flatten(0, -2))
    by_class = moments.view(*runs, d * d, c).mT.reshape(*runs, c * d, d)
    G = ((factor * by_class) @ M).view(*runs, c, d, d)
    G.diagonal(dim1=-2, dim2=-1).add_(shift[..., None])
    inner = G.transpose(-3, -2).flatten(-2)  # (..., d, c·d): Σ_c G_c (spread G_cᵀ) as one product
    return M @ (inner @ (spread[..., None, :, :] @ G.mT).flatten(-3, -2)) @ M
