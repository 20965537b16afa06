"""The average gradient outer product of a kernel predictor."""

from __future__ import annotations

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient

# Training points whose gradients are held at a time, as a multiple of 1 point's d·c numbers: enough
# for efficient products, few enough to stay near the cache (64 points at p = 61 are 3.8 MB).
POINTS_AT_A_TIME = {"cpu": 64, "cuda": 1024}


def agop(
    kernel: Kernel,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
) -> Tensor:
    """AGOP = (1/n) Σ_j J_jᵀ J_j of f(·) = Σ_i coefficients[i]·k(·, x_i) over its training points.

    J_j is the (c, d) Jacobian of f at x_j, minus its mean over the points if `centering`.

    Parameters
    ----------
    M : (d, d)              the feature matrix of the predictor, symmetric
    coefficients : (n, c)
    gram : (n, n)           the kernel matrix of the rows of x

    Returns
    -------
    (d, d)   symmetric positive semi-definite up to rounding

    Source: arXiv:2407.20199, section 2.
    """
    if isinstance(kernel, ClosedFormAgop):
        product = kernel.agop(M, x, coefficients, centering)
    else:
        assert isinstance(kernel, StreamedGradient)
        product = streamed_agop(kernel, M, x, coefficients, gram, centering=centering)
    return (product + product.T) / 2


def streamed_agop(
    kernel: StreamedGradient,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
) -> Tensor:
    """The AGOP of any kernel, streamed over blocks of points; arguments as for `agop`.

    A gradient is s·M h with h_jc = Σ_i B_ji α_ic x_i, and −x_j Σ_i B_ji α_ic more for a radial
    kernel. The rows x_i are one-hot, so coordinate p of the sum collects the rows in which p is
    active: a batched product over coordinates gives a block of the table h (d, c, points), and the
    outer products are one symmetric product of that table with itself.
    """
    d, (n, c) = x.width, coefficients.shape
    members, weights = _members_by_coordinate(x, coefficients)  # (d, s), (d, c, s)
    outer, total = M.new_zeros(d, d), M.new_zeros(d, c)
    step = POINTS_AT_A_TIME[M.device.type]
    for start in range(0, n, step):
        points = slice(start, min(start + step, n))
        # B is symmetric in its two points: its rows, gathered whole, serve as columns.
        B = kernel.gradient_weights(M, x, x[points], gram[:, points])
        gathered = B.index_select(0, members.flatten()).view(*members.shape, -1)
        h = torch.bmm(weights, gathered)
        if kernel.radial:
            _subtract_own_term(h, x[points])
        total += h.sum(dim=2)
        _add_upper_product(outer, h.view(d, -1))
    outer = outer.triu() + outer.triu(1).T
    outer /= n
    if centering:
        mean = total / n
        outer -= mean @ mean.T
    return kernel.gradient_scale**2 * (M @ outer @ M)


def _members_by_coordinate(x: OneHot, coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """The rows in which each coordinate is active, padded to equal length with weight 0."""
    rows = torch.arange(len(x), device=x.active.device).repeat_interleave(x.active.shape[1])
    coordinates, order = x.active.flatten().sort(stable=True)
    counts = torch.bincount(coordinates, minlength=x.width)
    place = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[coordinates]
    members = rows.new_zeros(x.width, int(counts.max()))
    members[coordinates, place] = rows[order]
    weights = coefficients.new_zeros(*members.shape, coefficients.shape[1])
    weights[coordinates, place] = coefficients[rows[order]]
    return members, weights.transpose(1, 2).contiguous()


def _subtract_own_term(h: Tensor, points: OneHot) -> None:
    """h_jc −= x_j Σ_i B_ji α_ic, in place; the sum is that of h over one slot's coordinates."""
    slots = points.active.shape[1]
    own = h.sum(dim=0) / slots  # every row has one active coordinate per slot
    position = torch.arange(len(points), device=h.device)
    for slot in range(slots):
        h[points.active[:, slot], :, position] -= own.T


def _add_upper_product(outer: Tensor, table: Tensor) -> None:
    """outer += table·tableᵀ in the upper triangle at least, without most of the lower one."""
    half = len(table) // 2
    upper, lower = table[:half], table[half:]
    outer[:half] += upper @ table.T
    outer[half:, half:] += lower @ lower.T


def matrix_power(agop: Tensor, power: float) -> Tensor:
    """AGOP^power for a symmetric positive semi-definite matrix, by its eigenvectors.

    Eigenvalues that rounding makes negative count as 0. This symmetric root is part of the
    definition: another one decides ties on a symmetric split differently.
    """
    values, vectors = torch.linalg.eigh(agop)
    root = (vectors * values.clamp(min=0).pow(power)) @ vectors.T
    return (root + root.T) / 2
