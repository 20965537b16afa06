"""Average gradient outer product of a kernel predictor."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient

# Entries of the table of gradients (d·c per training point) in memory at a time: on a CPU enough
# for efficient products and few enough to stay near a core's cache (5 MB in float64, 72 points at
# p = 61); on a GPU few large blocks are faster (2 GB). Products of such small matrices are a fifth
# faster for whole tiles; a tile of MKL for AVX-512 has 24 rows or columns.
BLOCK_NUMBERS = {"cpu": 9 * 2**16, "cuda": 2**28}
TILE = 24
FEWEST_TILES = 2


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

    J_j is the (c, d) Jacobian of f at x_j, minus its mean over the points if `centering`. Every
    tensor may have an additional first dimension: a batch of runs.

    Parameters
    ----------
    M : (d, d)              the feature matrix of the predictor, symmetric
    coefficients : (n, c)
    gram : (n, n)           the kernel matrix of the rows of x
    memory : float          bytes for the blocks, each of at least one point

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
    return (product + product.mT) / 2


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
    """AGOP of any kernel, streamed over blocks of points; arguments as for `agop`.

    A gradient is s·M h with h_jc = Σ_i B_ji α_ic x_i, minus x_j Σ_i B_ji α_ic for a radial kernel.
    The rows x_i are one-hot, so coordinate p of the sum collects the rows in which p is active: a
    batched product over coordinates gives a block of the table h (d, c, points), and the outer
    products are one symmetric product of that table with itself.
    """
    d, (n, c), runs = x.width, coefficients.shape[-2:], coefficients.shape[:-2]
    every = runs.numel() * d
    members, weights = _members_by_coordinate(x, coefficients)  # (B·d, s), (B·d, c, s)
    coordinates, gathered_rows = members.flatten(), members.numel()
    outer, total = M.new_zeros(*runs, d, d), M.new_zeros(every * c)
    step = min(n, _points_at_a_time(M, every * c, gathered_rows, memory))
    table = M.new_empty(every * c * step)  # both are reused for every block
    gathered = M.new_empty(gathered_rows * step)
    for start in range(0, n, step):
        points = slice(start, min(start + step, n))
        size = points.stop - start
        # B is symmetric in its two points: its rows, gathered whole, serve as columns.
        B = kernel.gradient_weights(M, x, x[points], gram[..., points]).flatten(0, -2)
        rows = gathered[: gathered_rows * size].view(-1, size)
        torch.index_select(B, 0, coordinates, out=rows)
        h = table[: every * c * size].view(every, c, size)
        torch.bmm(weights, rows.view(*members.shape, size), out=h)
        h = h.view(*runs, d, c * size)
        if kernel.radial:
            _subtract_own_term(h, x[points])
        total.addmv_(h.view(-1, size), h.new_ones(size))
        _add_upper_product(outer, h)
    outer = outer.triu() + outer.triu(1).mT
    outer /= n
    if centering:
        mean = total.view(*runs, d, c) / n
        outer -= mean @ mean.mT
    return (M @ outer @ M) * _squared(kernel.gradient_scale, M)


def _points_at_a_time(M: Tensor, numbers: int, gathered: int, memory: float) -> int:
    """Points per block; each needs `numbers` entries of the table and `gathered` weights."""
    fitting = memory // ((numbers + gathered) * M.element_size())
    tiles = BLOCK_NUMBERS[M.device.type] // (numbers * TILE)
    efficient = max(FEWEST_TILES, tiles) * TILE
    return int(max(1, min(efficient, fitting)))


def _members_by_coordinate(x: OneHot, coefficients: Tensor) -> tuple[Tensor, Tensor]:
    """Rows in which each coordinate is active, padded to equal length with weight 0."""
    active, coefficients = x.stacked(), coefficients.flatten(0, -2)
    width = x.active.shape[:-2].numel() * x.width
    rows = torch.arange(len(active), device=active.device).repeat_interleave(active.shape[1])
    coordinates, order = active.flatten().sort(stable=True)
    counts = torch.bincount(coordinates, minlength=width)
    place = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[coordinates]
    members = rows.new_zeros(width, int(counts.max()))
    members[coordinates, place] = rows[order]
    weights = coefficients.new_zeros(*members.shape, coefficients.shape[1])
    weights[coordinates, place] = coefficients[rows[order]]
    return members, weights.mT


def _subtract_own_term(h: Tensor, points: OneHot) -> None:
    """Subtract x_j Σ_i B_ji α_ic from h_jc in place; the sum is h summed over one slot."""
    d, (size, slots) = points.width, points.active.shape[-2:]
    share = h.new_full((d,), 1 / slots)  # every row has one active coordinate per slot
    own = (share @ h).neg_().view(*h.shape[:-2], 1, -1, size)
    by_point = h.view(*h.shape[:-1], -1, size)
    for coordinates in points.active.unbind(-1):
        by_point.scatter_add_(-3, coordinates[..., None, None, :].expand_as(own), own)


def _add_upper_product(outer: Tensor, table: Tensor) -> None:
    """Add table·tableᵀ to `outer` by bands of rows, at least in the upper triangle."""
    d = table.shape[-2]
    band = (d + 1) // 2 if table.is_cuda else TILE * max(1, d // 100)
    for start in range(0, d, band):
        rows, columns = slice(start, start + band), slice(start, d)
        outer[..., rows, columns] += table[..., rows, :] @ table[..., columns, :].mT


def _squared(scale: float | Tensor, M: Tensor) -> float | Tensor:
    return scale.to(M) ** 2 if isinstance(scale, Tensor) else scale**2


def matrix_power(agop: Tensor, power: float) -> Tensor:
    """AGOP^power for a symmetric positive semi-definite matrix, by its eigenvectors.

    Eigenvalues that rounding makes negative count as 0. This symmetric root is part of the
    definition: another root decides ties on a symmetric split differently.
    """
    values, vectors = torch.linalg.eigh(agop)
    powers = values.clamp(min=0).pow(power)[..., None, :]
    root = (vectors * powers) @ vectors.mT
    return (root + root.mT) / 2
