"""Average gradient outer product from the gradients at one point of every orbit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient
from grokrfm.rfm.symmetric.orbits import OrbitMeans

GATHERED_NUMBERS = 2**18
"""Weights and coefficients gathered at a time: 2 MB in float64, which stay near a core's cache."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Training rows and the action of the translations on them, on a device.

    Parameters
    ----------
    rows : OneHot           all n training rows, row (i, t) in place i·s + t
    representatives         the R representatives
    moved : (s, c)          as RowOrbits.moved
    q : int                 number of solved classes
    members : (d, L)        rows in which each coordinate is active, filled up with n
    pairs, with_class       means over orbits of two coordinates (d, d), and of a coordinate and a
                            class (d, c)
    """

    rows: OneHot
    representatives: OneHot
    moved: Tensor
    q: int
    members: Tensor
    pairs: OrbitMeans
    with_class: OrbitMeans


def agop(
    kernel: Kernel, M: Tensor, at: Geometry, alpha: Tensor, gram: Tensor, *, centering: bool
) -> Tensor:
    """AGOP of f_c(·) = Σ α_c k(·, x) over all training points, as grokrfm.rfm.agop.agop.

    With h_σ(c)(t·x) = Π(t) h_c(x), a sum over all points and classes is a sum over T of the sum
    over one member of each orbit, that is s times its mean over the orbits of entries.

    Parameters
    ----------
    alpha : (R, s·q)   the solved coefficients at row (i, t)
    gram : (n, R)      the kernel between all rows and the representatives
    """
    s, c = at.moved.shape
    if isinstance(kernel, ClosedFormAgop):  # it takes the classes that are solved alone
        some = kernel.agop(M, at.rows, alpha.view(-1, at.q), centering)
        product = at.pairs(some) * (c / at.q)
    else:
        assert isinstance(kernel, StreamedGradient)
        n, d = len(at.rows), at.rows.width
        h = _gradients(kernel, M, at, alpha, gram)
        table = h.view(d, -1)
        outer = at.pairs(_symmetric_product(table)) * (s / n)
        if centering:
            mean = at.with_class(h.sum(dim=1)) * (s / n)
            outer -= mean @ mean.mT
        product = (M @ outer @ M) * kernel.gradient_scale**2
    return (product + product.mT) / 2


def _gradients(
    kernel: StreamedGradient, M: Tensor, at: Geometry, alpha: Tensor, gram: Tensor
) -> Tensor:
    """h_c(r_i), (d, R, c), of which the gradient is s·M h: Σ B α_c x, minus r_i Σ B α_c if radial.

    Coordinate p of the first sum collects the rows in which p is active.
    """
    d, (n, R), (s, c) = at.rows.width, gram.shape, at.moved.shape
    coefficients = alpha.new_empty(n + 1, c)  # the last row fills up the table of members
    by_orbit = coefficients[:-1].view(R, s * c)
    torch.index_select(alpha, 1, at.moved.flatten(), out=by_orbit)
    coefficients[-1] = 0
    B = kernel.gradient_weights(M, at.rows, at.representatives, gram)  # of d² or t: symmetric
    h = alpha.new_empty(d, R, c)
    step = max(1, GATHERED_NUMBERS // (at.members.shape[1] * (R + c)))
    for start in range(0, d, step):
        members = at.members[start : start + step]
        weights = B.index_select(0, members.flatten().clamp(max=n - 1)).view(*members.shape, R)
        theirs = coefficients.index_select(0, members.flatten()).view(*members.shape, c)
        torch.bmm(weights.mT, theirs, out=h[start : start + step])
    if kernel.radial:
        slots = at.rows.active.shape[1]  # every row is active in one coordinate of each
        own = h.view(d, -1).sum(dim=0).view(R, c) / -slots
        points = torch.arange(R, device=M.device)
        for slot in at.representatives.active.T:
            h[slot, points] += own
    return h


def _symmetric_product(table: Tensor) -> Tensor:
    """table·tableᵀ from its upper blocks."""
    half = len(table) // 2
    product = table.new_empty(len(table), len(table))
    upper, lower = table[:half], table[half:]
    product[:half, :half] = upper @ upper.mT
    product[:half, half:] = upper @ lower.mT
    product[half:, :half] = product[:half, half:].mT
    product[half:, half:] = lower @ lower.mT
    return product
