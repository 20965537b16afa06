"""Average gradient outer product from the gradients at one point of every orbit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from grokrfm.kernels import ClosedFormAgop, Kernel, OneHot, StreamedGradient
from grokrfm.rfm.symmetric.orbits import orbit_means


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
    pairs, with_class       orbits of coordinates (d, d), and of a coordinate and a class (d, c)
    """

    rows: OneHot
    representatives: OneHot
    moved: Tensor
    q: int
    members: Tensor
    pairs: Tensor
    with_class: Tensor


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
        product = orbit_means(some, at.pairs) * (c / at.q)
    else:
        assert isinstance(kernel, StreamedGradient)
        n, d = len(at.rows), at.rows.width
        h = _gradients(kernel, M, at, alpha, gram)
        table = h.view(d, -1)
        outer = orbit_means(_symmetric_product(table), at.pairs) * (s / n)
        if centering:
            mean = orbit_means(h.sum(dim=1), at.with_class) * (s / n)
            outer -= mean @ mean.mT
        product = (M @ outer @ M) * kernel.gradient_scale**2
    return (product + product.mT) / 2


def _gradients(
    kernel: StreamedGradient, M: Tensor, at: Geometry, alpha: Tensor, gram: Tensor
) -> Tensor:
    """h_c(r_i), (d, R, c), of which the gradient is s·M h: Σ B α_c x, minus r_i Σ B α_c if radial.

    Coordinate p of the first sum collects the rows in which p is active.
    """
    d, (n, R), c = at.rows.width, gram.shape, at.moved.shape[1]
    coefficients = alpha.new_zeros(n + 1, c)  # the last row fills up the table of members
    coefficients[:-1] = alpha.index_select(1, at.moved.flatten()).view(n, c)
    members = at.members.flatten()
    B = kernel.gradient_weights(M, at.rows, at.representatives, gram)  # of d² or t: symmetric
    h = torch.bmm(
        B.index_select(0, members.clamp(max=n - 1)).view(d, -1, R).mT,
        coefficients.index_select(0, members).view(d, -1, c),
    )
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
