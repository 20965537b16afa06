"""AGOP in closed form for kernels whose gradient is linear in x."""

from __future__ import annotations

import torch
from torch import Tensor

from grokrfm.kernels.onehot import OneHot


def linear_gradient_agop(
    M: Tensor, x: OneHot, coefficients: Tensor, shift: Tensor, factor: float, centering: bool
) -> Tensor:
    """AGOP of f_c with ∇f_c(x) = M G_c x, G_c = shift_c·I + factor·S_c M.

    S_c = Σ_i α_ic x_i x_iᵀ is the second moment of the inputs weighted by the coefficients, and
    AGOP = M [Σ_c G_c Σ_x G_cᵀ] M with Σ_x the (centred) second moment of the inputs: about 4·c·d³
    operations whatever n is.

    Parameters
    ----------
    M : (d, d)              symmetric
    coefficients : (n, c)   α
    shift : (c,)

    Returns
    -------
    (d, d)
    """
    d, c = x.width, coefficients.shape[1]
    inputs = x.dense(M.dtype)
    if centering:
        inputs = inputs - inputs.mean(dim=0)
    spread = inputs.T @ inputs / len(x)

    moments = coefficients.new_zeros(d * d, c)
    for first in x.active.T:
        for second in x.active.T:
            moments.index_add_(0, first * d + second, coefficients)
    G = (factor * moments.T).reshape(c * d, d) @ M
    G = G.view(c, d, d) + shift[:, None, None] * torch.eye(d, dtype=M.dtype, device=M.device)
    inner = G.transpose(0, 1).reshape(d, c * d)  # Σ_c G_c (spread G_cᵀ) as one product
    return M @ (inner @ (spread @ G.transpose(1, 2)).reshape(c * d, d)) @ M
