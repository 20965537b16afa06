"""Inputs that are sums of one-hot vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Entries of a Gram matrix computed at a time. On a CPU the temporaries of a block should stay in a
# core's cache (2**17 in float64 are 1 MB); on a GPU few large blocks are faster (2**26: 0.5 GB).
BLOCK_ENTRIES = {"cpu": 2**17, "cuda": 2**26}


@dataclass(frozen=True, eq=False)
class OneHot:
    """Rows x_i = Σ_s e_{active[i, s]}, stored as indices: a product with them is a table look-up.

    A batch of B runs adds a first dimension, here and in every tensor used with it.

    Parameters
    ----------
    active : (m, slots) or (B, m, slots) int   the coordinates that are 1, one column per operand
    width : int                                d, the number of coordinates
    """

    active: Tensor
    width: int

    def __len__(self) -> int:
        return self.active.shape[-2]

    def __getitem__(self, rows: slice) -> OneHot:
        return OneHot(self.active[..., rows, :], self.width)

    def stacked(self) -> Tensor:
        """`active`, (B·m, slots), in the B·d joint coordinates of the runs of a batch."""
        if self.active.dim() == 2:
            return self.active
        first = torch.arange(len(self.active), device=self.active.device) * self.width
        return (self.active + first[:, None, None]).flatten(0, 1)

    def times(self, M: Tensor) -> Tensor:
        """X M, (..., m, k), for M (..., d, k)."""
        table = M.flatten(0, -2)
        first, *others = self.stacked().T
        product = table.index_select(0, first)
        for slot in others:
            product += table.index_select(0, slot)
        return product.view(*self.active.shape[:-1], M.shape[-1])

    def dense(self, dtype: torch.dtype) -> Tensor:
        """X as a dense matrix, (..., m, d)."""
        one = torch.ones((), dtype=dtype, device=self.active.device)
        zeros = one.new_zeros(*self.active.shape[:-1], self.width)
        return zeros.scatter_add_(-1, self.active, one.expand(self.active.shape))

    def norms(self, M: Tensor) -> Tensor:
        """x_iᵀ M x_i, (..., m)."""
        table, active = M.flatten(0, -2), self.active.flatten(0, -2)
        entries = table[self.stacked()[:, :, None], active[:, None, :]]
        return entries.sum(dim=(1, 2)).view(self.active.shape[:-1])


EVERY = slice(None)
Blocks = Iterator[tuple[slice, slice, Tensor]]
"""Rows, columns, and their block (..., rows, columns), which the caller may overwrite. The columns
are EVERY, or, if x is z, those from the diagonal on: the other entries follow by symmetry."""


def inner_products(M: Tensor, x: OneHot, z: OneHot) -> Blocks:
    """X M Zᵀ by blocks of rows of x."""
    yield from _sums_over_slots(z.times(M).mT, x, mirrored=x is z)


def squared_distances(M: Tensor, x: OneHot, z: OneHot, zero: float = 0.0) -> Blocks:
    """(x − z)ᵀ M (x − z) in the same blocks; `zero` replaces values within rounding of 0."""
    slots = x.active.shape[-1]  # every slot adds its share of zᵀ M z
    z_norms = z.norms(M)
    x_norms = z_norms if x is z else x.norms(M)
    rounding = 16 * torch.finfo(M.dtype).eps * (x_norms.amax(dim=-1) + z_norms.amax(dim=-1))
    at_least = _threshold(rounding, zero)
    table = z_norms[..., None, :] / slots - 2 * z.times(M).mT
    for rows, columns, block in _sums_over_slots(table, x, mirrored=x is z):
        block += x_norms[..., rows, None]
        yield rows, columns, at_least(block)


def _threshold(least: Tensor, zero: float) -> Callable[[Tensor], Tensor]:
    """Function that replaces by `zero` the numbers of a block that are not above `least`."""
    if least.dim() == 0 and not least.is_cuda:
        number = float(least)
        return lambda block: torch.threshold_(block, number, zero)
    bound = least[..., None, None]  # one per run, without waiting for the GPU
    return lambda block: torch.where(block > bound, block, zero)


def _sums_over_slots(table: Tensor, x: OneHot, *, mirrored: bool) -> Blocks:
    """X·table for a table (..., d, n), in blocks; rows of the table are added, not elements."""
    table = table.contiguous()
    runs, n = x.active.shape[:-2].numel(), table.shape[-1]
    start = 0
    while start < len(x):
        width = n - start if mirrored else n
        fitting = BLOCK_ENTRIES[table.device.type] // (runs * width)
        rows = slice(start, min(start + max(1, fitting), len(x)))
        columns = slice(start, n) if mirrored else EVERY
        yield rows, columns, x[rows].times(table[..., columns])
        start = rows.stop
