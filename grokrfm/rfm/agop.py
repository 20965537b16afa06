"""The average gradient outer product of a kernel predictor."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient

# Numbers of the table of gradients (d·c a training point) held at a time: on a CPU enough for
# efficient products and few enough to stay near a core's cache (2**19 in float64 are 4 MB, 70
# points at p = 61); on a GPU few large blocks pay (2**28: 2 GB).
BLOCK_NUMBERS = {"cpu": 2**19, "cuda": 2**28}
FEWEST_POINTS = 32


def agop(
    kernel: Kernel,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
    memory: float = math.inf,
) -> Tensor:
    """AGOP = (1/n) Σ_j J_jᵀ J_j of f(·) = Σ_i coefficients[i]·k(·, x_i) over its training points.

    J_j is the (c, d) Jacobian of f at x_j, minus its mean over the points if `centering`.

    Parameters
    ----------
    M : (d, d)              the feature matrix of the predictor, symmetric
    coefficients : (n, c)
    gram : (n, n)           the kernel matrix of the rows of x
    memory : float          bytes that the blocks may take; down to those of one point

    Returns
    -------
    (d, d)   symmetric positive semi-definite up to rounding

    Source: arXiv:2407.20199, section 2.
    """
    if isinstance(kernel, ClosedFormAgop):
        product = kernel.agop(M, x, coefficients, centering)
    else:
        assert isinstance(kernel, StreamedGradient)
        product = streamed_agop(
            kernel, M, x, coefficients, gram, centering=centering, memory=memory
        )
    return (product + product.T) / 2


def streamed_agop(
    kernel: StreamedGradient,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
    memory: float = math.inf,
) -> Tensor:
    """The AGOP of any kernel, streamed over blocks of points; arguments as for `agop`.

    A gradient is s·M h with h_jc = Σ_i B_ji α_ic x_i, and −x_j Σ_i B_ji α_ic more for a radial
    kernel. The rows x_i are one-hot, so coordinate p of the sum collects the rows in which p is
    active: a batched product over coordinates gives a block of the table h (d, c, points), and the
    outer products are one symmetric product of that table with itself.
    """
    d, (n, c) = x.width, coefficients.shape
    members, weights = _members_by_coordinate(x, coefficients)  # (d, s), (d, c, s)
    coordinates, every = members.flatten(), members.numel()
    outer, total = M.new_zeros(d, d), M.new_zeros(d * c)
    step = min(n, _points_at_a_time(M, d * c, every, memory))
    table, gathered = M.new_empty(d * c * step), M.new_empty(every * step)  # for every block
    for start in range(0, n, step):
        points = slice(start, min(start + step, n))
        size = points.stop - start
        # B is symmetric in its two points: its rows, gathered whole, serve as columns.
        B = kernel.gradient_weights(M, x, x[points], gram[:, points])
        rows = torch.index_select(B, 0, coordinates, out=gathered[: every * size].view(-1, size))
        h = table[: d * c * size].view(d, c, size)
        torch.bmm(weights, rows.view(*members.shape, size), out=h)
        if kernel.radial:
            _subtract_own_term(h, x[points])
        total.addmv_(h.view(-1, size), h.new_ones(size))
        _add_upper_product(outer, h.view(d, -1))
    outer = outer.triu() + outer.triu(1).T
    outer /= n
    if centering:
        mean = total.view(d, c) / n
        outer -= mean @ mean.T
    return kernel.gradient_scale**2 * (M @ outer @ M)


def _points_at_a_time(M: Tensor, numbers: int, gathered: int, memory: float) -> int:
    """Points in a block: each has so many numbers in the table, and gathered weights beside it."""
    fitting = memory // ((numbers + gathered) * M.element_size())
    efficient = max(FEWEST_POINTS, BLOCK_NUMBERS[M.device.type] // numbers)
    return int(max(1, min(efficient, fitting)))


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
    d, (size, slots) = len(h), points.active.shape
    share = h.new_full((d,), 1 / slots)  # every row has one active coordinate per slot
    own = (share @ h.view(d, -1)).neg_().view(1, -1, size)
    for coordinates in points.active.T:
        h.scatter_add_(0, coordinates.expand_as(own), own)


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
