"""AGOP in closed form for kernels whose gradient is linear in x."""

from __future__ import annotations

import torch
from torch import Tensor

from grokrfm.kernels.grouped import GroupedSums, add_outer_products, conjugated
from grokrfm.kernels.onehot import OneHot


def linear_gradient_agop(
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    factor: float,
    centering: bool,
    shift: Tensor | None = None,
) -> Tensor:
    """AGOP of f_c with ∇f_c(x) = M G_c x, G_c = shift_c·I + factor·S_c M.

    S_c = Σ_i α_ic x_i x_iᵀ is the second moment of the inputs weighted by the coefficients. With a
    root R of the (centred) second moment of the inputs, R Rᵀ = Σ_x, the AGOP is
    M [Σ_c (G_c R)(G_c R)ᵀ] M: about 2·c·d³ operations, and the S_c M R are grouped sums.

    Parameters
    ----------
    M : (d, d)              symmetric
    coefficients : (n, c)   α
    shift : (c,)            None: 0

    Returns
    -------
    (d, d)
    """
    R = x.kept((centering, M.dtype), lambda: _root_of_second_moment(x, M.dtype, centering))
    h = GroupedSums.of(x, coefficients, x.width)(x.times(factor * (M @ R)))  # factor·S_c M R
    if shift is not None:
        h += shift[..., None, :, None] * R[..., :, None, :]
    inner = torch.zeros_like(M)
    add_outer_products(inner, h)
    return conjugated(M, inner)


def _root_of_second_moment(x: OneHot, dtype: torch.dtype, centering: bool) -> Tensor:
    """Symmetric root of the mean of x xᵀ over the rows, which are centred first if `centering`."""
    inputs = x.dense(dtype)
    if centering:
        inputs = inputs - inputs.mean(dim=-2, keepdim=True)
    values, vectors = torch.linalg.eigh(inputs.mT @ inputs / len(x))
    return (vectors * values.clamp(min=0).sqrt()[..., None, :]) @ vectors.mT
