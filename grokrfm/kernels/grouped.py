"""Sums over the rows in which a coordinate is active, and their outer products."""

from __future__ import annotations

import torch
from torch import Tensor

from grokrfm.kernels.onehot import OneHot

TILE = 24
"""Rows or columns of a tile of MKL for AVX-512: products of small matrices are a fifth faster for
whole tiles."""


GATHERED_NUMBERS = {"cpu": 2**17, "cuda": 2**28}
"""Numbers gathered at a time: on a CPU 1 MB in float64, which stays in a core's cache."""


class GroupedSums:
    """Function v ↦ h with h_pc = Σ_i α_ic v_i over the rows i in which coordinate p is active.

    For a vector of every row, v (n, k), it gives h (d, c, k): a batched product over coordinates.

    Parameters
    ----------
    x : OneHot
    classes : int   c
    columns : int   largest k
    like : Tensor   of the dtype and on the device of α and v
    """

    def __init__(self, x: OneHot, classes: int, columns: int, like: Tensor) -> None:
        members, self._present = x.members
        self._rows, self._shape = members.flatten(), (*x.active.shape[:-2], x.width, classes)
        per_coordinate = members.shape[1] * columns
        self._step = max(1, GATHERED_NUMBERS[like.device.type] // per_coordinate)
        # reused at every call: new memory costs as much as the arithmetic
        self._weights = like.new_empty(*members.shape, classes)
        self._gathered = like.new_empty(min(self._step, len(members)) * per_coordinate)
        self._sums = like.new_empty(len(members) * classes * columns)

    @classmethod
    def of(cls, x: OneHot, coefficients: Tensor, columns: int) -> GroupedSums:
        """Sums with coefficients α, (n, c); they share their memory with earlier ones of x."""
        classes, alpha = coefficients.shape[-1], coefficients.flatten(0, -2).contiguous()
        key = cls, classes, columns, alpha.dtype
        sums = x.kept(key, lambda: cls(x, classes, columns, alpha))
        torch.index_select(alpha, 0, sums._rows, out=sums._weights.flatten(0, -2))
        if sums._present is not None:
            sums._weights *= sums._present
        return sums

    def __call__(self, v: Tensor) -> Tensor:
        """h, overwritten by the next call."""
        (every, members, c), k = self._weights.shape, v.shape[-1]
        v, h = v.flatten(0, -2), self._sums[: every * c * k].view(every, c, k)
        for first in range(0, every, self._step):
            some = slice(first, first + self._step)
            rows = self._rows[first * members : (first + self._step) * members]
            gathered = self._gathered[: len(rows) * k].view(-1, k)
            torch.index_select(v, 0, rows, out=gathered)
            weights = self._weights[some].mT
            torch.bmm(weights, gathered.view(-1, members, k), out=h[some])
        return h.view(*self._shape, k)


def add_outer_products(total: Tensor, h: Tensor) -> None:
    """Add Σ_cj h_pcj h_qcj of a table h (d, c, k) to `total` (d, d), in its lower triangle."""
    table, d = h.flatten(-2), h.shape[-3]
    band = (d + 1) // 2 if h.is_cuda else TILE
    for start in range(0, d, band):
        rows, columns = slice(start, d), slice(start, start + band)
        total[..., rows, columns] += table[..., rows, :] @ table[..., columns, :].mT


def conjugated(M: Tensor, lower: Tensor) -> Tensor:
    """M S M for the symmetric S with this lower triangle; exactly symmetric."""
    half = lower.tril()
    half.diagonal(dim1=-2, dim2=-1).mul_(0.5)  # S = half + halfᵀ
    product = M @ half @ M
    return product + product.mT
