"""Average gradient outer product of a kernel predictor."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient
from grokrfm.kernels.grouped import TILE, GroupedSums, add_outer_products, conjugated

# Entries of the table of gradients (d·c per training point) in memory at a time: on a CPU enough
# for efficient products and few enough to stay near a core's cache (5 MB in float64, 72 points at
# p = 61); on a GPU few large blocks are faster (2 GB).
BLOCK_NUMBERS = {"cpu": 9 * 2**16, "cuda": 2**28}
FEWEST_TILES = 2


class Agop(NamedTuple):
    """AGOP of a predictor, and what was found on the way.

    Parameters
    ----------
    matrix : (d, d)    symmetric positive semi-definite up to rounding
    outputs : (n, c)   the predictor on its training points; None: not computed
    """

    matrix: Tensor
    outputs: Tensor | None = None


def agop_of(kernel: Kernel) -> Callable[..., Agop]:
    """AGOP of the predictors of a kernel: in closed form, or streamed over the training points.

    The function of this result takes the arguments of `streamed_agop` after the kernel.
    """
    if isinstance(kernel, ClosedFormAgop):
        return partial(_closed_form, kernel)
    assert isinstance(kernel, StreamedGradient)
    return partial(streamed_agop, kernel)


def _closed_form(
    kernel: ClosedFormAgop,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
    **memory: object,
) -> Agop:
    matrix = kernel.agop(M, x, coefficients, centering)
    return Agop((matrix + matrix.mT) / 2)


def streamed_agop(
    kernel: StreamedGradient,
    M: Tensor,
    x: OneHot,
    coefficients: Tensor,
    gram: Tensor,
    *,
    centering: bool,
    memory: float = math.inf,
    workspace: Tensor | None = None,
) -> Agop:
    """AGOP = (1/n) Σ_j J_jᵀ J_j of f(·) = Σ_i coefficients[i]·k(·, x_i) over its training points.

    J_j is the (c, d) Jacobian of f at x_j, minus its mean over the points if `centering`: s·M h
    with h_jc = Σ_i B_ji α_ic x_i, minus x_j Σ_i B_ji α_ic for a radial kernel. In blocks of points,
    h are grouped sums of the rows of B, which is symmetric, and the outer products one symmetric
    product of the table h (d, c, points) with itself. Where B is K, the own terms Σ_i B_ji α_ic are
    the outputs. Every tensor may have an additional first dimension: a batch of runs.

    Parameters
    ----------
    M : (d, d)              the feature matrix of the predictor, symmetric
    coefficients : (n, c)
    gram : (n, n)           the kernel matrix of the rows of x
    memory : float          bytes for the blocks, each of at least one point
    workspace : (n, n)      overwritten; None: new memory

    Source: arXiv:2407.20199, section 2.
    """
    n, c = coefficients.shape[-2:]
    B = kernel.gradient_weights(M, x, x, gram, out=workspace)
    step = min(n, _points_at_a_time(M, x, c, memory))
    sums = GroupedSums.of(x, coefficients, step)
    outer, totals, owns = torch.zeros_like(M), [], []
    for start in range(0, n, step):
        points = slice(start, start + step)
        h = sums(B[..., points])
        if kernel.radial:
            coordinates, times = x.shared
            owns.append(h[..., coordinates, :, :].sum(dim=-3) / times)
            _subtract_own_terms(h, x[points], owns[-1])
        totals.append(h.sum(dim=-1))
        add_outer_products(outer, h)
    if centering:
        total = reduce(torch.add, totals)
        outer -= total @ (total.mT / n)
    matrix = conjugated(M, outer) * (_squared(kernel.gradient_scale, M) / n)
    known = kernel.radial and B is gram
    return Agop(matrix, torch.cat(owns, dim=-1).mT if known else None)


def _points_at_a_time(M: Tensor, x: OneHot, classes: int, memory: float) -> int:
    """Points per block; each needs d·c entries of the table and the weights gathered for them."""
    members, _ = x.members
    numbers = len(members) * classes
    fitting = memory // ((numbers + members.numel()) * M.element_size())
    tiles = BLOCK_NUMBERS[M.device.type] // (numbers * TILE)
    efficient = max(FEWEST_TILES, tiles) * TILE
    return int(max(1, min(efficient, fitting)))


def _subtract_own_terms(h: Tensor, points: OneHot, own: Tensor) -> None:
    """Subtract x_j Σ_i B_ji α_ic, given the sums (c, points), from h_jc in place."""
    negated = own.neg().unsqueeze(-3)
    for coordinates in points.active.unbind(-1):
        h.scatter_add_(-3, coordinates[..., None, None, :].expand_as(negated), negated)


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
