"""Inputs that are sums of one-hot vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

# Entries of a Gram matrix computed at a time. On a CPU the temporaries of a block should stay in a
# core's cache (2**16 in float64 are 0.5 MB); on a GPU few large blocks are faster (2**26: 0.5 GB).
BLOCK_ENTRIES = {"cpu": 2**16, "cuda": 2**26}

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class OneHot:
    """Rows x_i = Σ_s e_{active[i, s]}, stored as indices: a product with them is a table look-up.

    A batch of B runs adds a first dimension, here and in every tensor used with it. Indices then
    count the rows or coordinates of all runs: row i of run b is b·m + i. Tables of indices are made
    when they are first used, and kept.

    Parameters
    ----------
    active : (m, slots) or (B, m, slots) int   the coordinates that are 1, one column per operand
    width : int                                d, the number of coordinates
    """

    active: Tensor
    width: int
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return self.active.shape[-2]

    def __getitem__(self, rows: slice) -> OneHot:
        """Consecutive rows; all of them are the object itself."""
        start, stop, _ = rows.indices(len(self))
        if (start, stop) == (0, len(self)):
            return self
        return self.kept((start, stop), lambda: OneHot(self.active[..., rows, :], self.width))

    def of_runs(self, runs: slice) -> OneHot:
        """Rows of consecutive runs of a batch."""
        key = "runs", runs.start, runs.stop
        return self.kept(key, lambda: OneHot(self.active[runs], self.width))

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returned at the first call with this key."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    def under(self, M: Tensor) -> tuple[Tensor, Tensor]:
        """M Xᵀ, (..., d, m), and all x_iᵀ M x_i, (..., m); kept for the last M."""
        last, at, found = self._kept.get("under", (None, None, None))
        version = None if M.is_inference() else M._version
        if last is not M or at != version:
            found = self.times(M).mT.contiguous(), self.norms(M)
            self._kept["under"] = M, version, found
        images, norms = found
        return images, norms

    @cached_property
    def slots(self) -> tuple[Tensor, ...]:
        """Active coordinates of all rows, (B·m,) for every operand."""
        return self._joint.T.contiguous().unbind()

    @cached_property
    def shared(self) -> tuple[slice, int]:
        """Few coordinates of which every row has the same number active, and that number."""
        active = self.active.flatten(0, -2)
        spans = [active.min(dim=0).values.tolist(), (active.max(dim=0).values + 1).tolist()]
        for first, stop in sorted(zip(*spans, strict=True), key=lambda span: span[1] - span[0]):
            if sum(first < end and start < stop for start, end in zip(*spans, strict=True)) == 1:
                return slice(first, stop), 1  # the coordinates of one operand alone
        return slice(None), self.active.shape[-1]

    @cached_property
    def members(self) -> tuple[Tensor, Tensor | None]:
        """Rows in which each coordinate is active, (B·d, s), padded to equal length.

        Also (B·d, s, 1), False where a row is padding; None if none is.
        """
        joint = self._joint
        rows = torch.arange(len(joint), device=joint.device).repeat_interleave(joint.shape[1])
        coordinates, order = joint.flatten().sort(stable=True)
        counts = torch.bincount(coordinates, minlength=self._runs * self.width)
        place = torch.arange(len(order), device=order.device)
        place -= (counts.cumsum(0) - counts)[coordinates]
        members = rows.new_zeros(len(counts), int(counts.max()))
        members[coordinates, place] = rows[order]
        present = torch.arange(members.shape[1], device=order.device) < counts[:, None]
        return members, None if bool(present.all()) else present[..., None]

    def times(self, M: Tensor, scratch: Tensor | None = None) -> Tensor:
        """X M, (..., m, k), for M (..., d, k).

        It is written to `scratch`, (2, at least m·k), if given.
        """
        first, *others = self.slots
        table, shape = M.flatten(0, -2), (len(first), M.shape[-1])
        space = (None, None) if scratch is None else scratch[:, : math.prod(shape)].view(2, *shape)
        product = torch.index_select(table, 0, first, out=space[0])
        for slot in others:
            product += torch.index_select(table, 0, slot, out=space[1])
        return product.view(*self.active.shape[:-1], M.shape[-1])

    def dense(self, dtype: torch.dtype) -> Tensor:
        """X as a dense matrix, (..., m, d)."""
        one = torch.ones((), dtype=dtype, device=self.active.device)
        zeros = one.new_zeros(*self.active.shape[:-1], self.width)
        return zeros.scatter_add_(-1, self.active, one.expand(self.active.shape))

    def norms(self, M: Tensor) -> Tensor:
        """x_iᵀ M x_i, (..., m)."""
        entries = M.reshape(-1).index_select(0, self._pairs)
        return entries.view(*self.active.shape[:-1], -1).sum(dim=-1)

    @cached_property
    def _pairs(self) -> Tensor:
        """Places in a flattened (B, d, d) matrix of all pairs of active coordinates of each row."""
        pairs = self._joint[:, :, None] * self.width + self.active.flatten(0, -2)[:, None, :]
        return pairs.flatten()

    @property
    def _runs(self) -> int:
        return self.active.shape[:-2].numel()

    @property
    def _joint(self) -> Tensor:
        """Active coordinates among those of all runs, (B·m, slots)."""
        runs = torch.arange(self._runs, device=self.active.device)
        active = self.active.view(self._runs, *self.active.shape[-2:])
        return (active + self.width * runs[:, None, None]).flatten(0, 1)


EVERY = slice(None)
Blocks = Iterator[tuple[slice, slice, Tensor]]
"""Rows, columns, and their block (..., rows, columns), which the caller may overwrite and the next
block does. The columns are EVERY, or, if x is z, those from the diagonal on: the other entries
follow by symmetry."""


def inner_products(M: Tensor, x: OneHot, z: OneHot) -> Blocks:
    """X M Zᵀ by blocks of rows of x."""
    yield from _sums_over_slots(z.under(M)[0], x, mirrored=x is z)


def squared_distances(M: Tensor, x: OneHot, z: OneHot, zero: float = 0.0) -> Blocks:
    """(x − z)ᵀ M (x − z) in the same blocks; `zero` replaces values within rounding of 0."""
    images, z_norms = z.under(M)
    x_norms = z_norms if x is z else x.norms(M)
    rounding = (x_norms.amax(dim=-1) + z_norms.amax(dim=-1)) * (16 * torch.finfo(M.dtype).eps)
    at_least = _threshold(rounding, zero)
    slots = x.active.shape[-1]  # every slot adds its share of zᵀ M z
    table = torch.sub(z_norms[..., None, :] / slots, images, alpha=2)
    for rows, columns, block in _sums_over_slots(table, x, mirrored=x is z):
        block += x_norms[..., rows, None]
        yield rows, columns, at_least(block)


def _threshold(least: Tensor, zero: float) -> Callable[[Tensor], Tensor]:
    """Function that replaces by `zero` the numbers of a block that are not above `least`."""
    if least.dim() == 0 and not least.is_cuda:
        number = float(least)
        return lambda block: torch.threshold_(block, number, zero)
    bound = least[..., None, None]  # one per run, without waiting for the GPU
    return lambda block: block.masked_fill_(~(block > bound), zero)


def _sums_over_slots(table: Tensor, x: OneHot, *, mirrored: bool) -> Blocks:
    """X·table for a table (..., d, n), in blocks; rows of the table are added, not elements."""
    runs, n = table.shape[:-2].numel(), table.shape[-1]
    entries = BLOCK_ENTRIES[table.device.type]
    most = min(max(entries, runs * n), runs * n * len(x))
    scratch = x.kept((entries, most, table.dtype), lambda: table.new_empty(2, most))
    start = 0
    while start < len(x):
        width = n - start if mirrored else n
        fitting = entries // (runs * width)
        rows = slice(start, min(start + max(1, fitting), len(x)))
        columns = slice(start, n) if mirrored else EVERY
        yield rows, columns, x[rows].times(table[..., columns], scratch)
        start = rows.stop
