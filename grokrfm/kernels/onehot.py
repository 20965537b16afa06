"""Inputs that are sums of one-hot vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Entries of a Gram matrix made at a time. On a CPU the temporaries of a block should stay in a
# core's cache (2**17 in float64 are 1 MB); on a GPU few large blocks pay (2**26: 0.5 GB).
BLOCK_ENTRIES = {"cpu": 2**17, "cuda": 2**26}


@dataclass(frozen=True, eq=False)
class OneHot:
    """Rows x_i = Σ_s e_{active[i, s]}, kept as indices: a product with them is a table look-up.

    Parameters
    ----------
    active : (m, slots) int   the coordinates that are 1, a column per operand
    width : int               d, the number of coordinates
    """

    active: Tensor
    width: int

    def __len__(self) -> int:
        return len(self.active)

    def __getitem__(self, rows: slice) -> OneHot:
        return OneHot(self.active[rows], self.width)

    def times(self, M: Tensor) -> Tensor:
        """X M, (m, k), for M (d, k)."""
        first, *others = self.active.T
        product = M.index_select(0, first)
        for slot in others:
            product += M.index_select(0, slot)
        return product

    def dense(self, dtype: torch.dtype) -> Tensor:
        """X itself, (m, d)."""
        return self.times(torch.eye(self.width, dtype=dtype, device=self.active.device))

    def norms(self, M: Tensor) -> Tensor:
        """x_iᵀ M x_i, (m,)."""
        return M[self.active[:, :, None], self.active[:, None, :]].sum(dim=(1, 2))


def inner_products(M: Tensor, x: OneHot, z: OneHot) -> Iterator[tuple[slice, Tensor]]:
    """X M Zᵀ by blocks of rows of x: the rows, and a (rows, n) tensor the caller may overwrite."""
    yield from _sums_over_slots(z.times(M).T, x)


def squared_distances(M: Tensor, x: OneHot, z: OneHot) -> Iterator[tuple[slice, Tensor]]:
    """(x − z)ᵀ M (x − z) in the same blocks; what rounding cannot tell from 0 is 0."""
    slots = x.active.shape[1]  # every slot adds its share of zᵀ M z
    x_norms, z_norms = x.norms(M), z.norms(M)
    rounding = 16 * torch.finfo(M.dtype).eps * float(x_norms.max() + z_norms.max())
    for rows, block in _sums_over_slots(z_norms / slots - 2 * z.times(M).T, x):
        block += x_norms[rows, None]
        yield rows, torch.threshold_(block, rounding, 0.0)


def _sums_over_slots(table: Tensor, x: OneHot) -> Iterator[tuple[slice, Tensor]]:
    """X·table for a table (d, n), in blocks; whole rows of the table are added, not elements."""
    table = table.contiguous()
    step = max(1, BLOCK_ENTRIES[table.device.type] // table.shape[1])
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        yield rows, x[rows].times(table)
