"""Inputs that are sums of one-hot vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Rows of a Gram matrix made at a time. On a CPU the temporaries of a block should stay in a core's
# cache (64 rows of 3,660 float64 columns are 1.9 MB); on a GPU few large blocks pay.
ROWS_AT_A_TIME = {"cpu": 64, "cuda": 8192}


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
        return M[self.active].sum(dim=1)

    def dense(self, dtype: torch.dtype) -> Tensor:
        """X itself, (m, d)."""
        return self.times(torch.eye(self.width, dtype=dtype, device=self.active.device))

    def norms(self, M: Tensor) -> Tensor:
        """x_iᵀ M x_i, (m,)."""
        return M[self.active[:, :, None], self.active[:, None, :]].sum(dim=(1, 2))


def inner_products(M: Tensor, x: OneHot, z: OneHot) -> Iterator[tuple[slice, Tensor]]:
    """X M Zᵀ by blocks of rows of x: the rows, and a (rows, n) tensor the caller may overwrite."""
    by_coordinate = z.times(M).T.contiguous()  # (d, n): whole rows are added below, not elements
    step = ROWS_AT_A_TIME[M.device.type]
    for start in range(0, len(x), step):
        rows = slice(start, min(start + step, len(x)))
        first, *others = x.active[rows].T
        t = by_coordinate.index_select(0, first)
        for slot in others:
            t += by_coordinate.index_select(0, slot)
        yield rows, t


def squared_distances(M: Tensor, x: OneHot, z: OneHot) -> Iterator[tuple[slice, Tensor]]:
    """(x − z)ᵀ M (x − z) in the same blocks; what rounding makes negative is 0."""
    x_norms, z_norms = x.norms(M), z.norms(M)
    for rows, t in inner_products(M, x, z):
        t *= -2
        t += z_norms
        t += x_norms[rows, None]
        yield rows, t.clamp_(min=0)
