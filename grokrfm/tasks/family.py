"""Families of symmetries: one form, with one member per choice of operands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra import Symmetry

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Family:
    """Symmetries of one form, such as the rotations r^k.

    Parameters
    ----------
    preserves_labels : bool   true if every member preserves every label
    member                    maps operand indices to the symmetry
    choices                   returns the operand indices of all members, (m, arity); called on
                              first use
    """

    preserves_labels: bool
    member: Callable[..., Symmetry]
    choices: Callable[[], IntArray]

    @cached_property
    def arguments(self) -> IntArray:
        """(m, arity) the operand indices of every member."""
        return self.choices()

    @property
    def arity(self) -> int:
        return self.arguments.shape[1]

    def has(self, *indices: int) -> bool:
        """True if these operand indices give a member."""
        return bool((self.arguments == np.array(indices, dtype=np.int64)).all(axis=1).any())

    def __iter__(self) -> Iterator[Symmetry]:
        return (self.member(*map(int, indices)) for indices in self.arguments)


def every(n: int, arity: int) -> Callable[[], IntArray]:
    """Function that lists all choices of `arity` indices below n, in lexicographic order."""
    return lambda: np.indices((n,) * arity).reshape(arity, n**arity).T


def coordinate_symmetry(
    name: str, first: IntArray, second: IntArray, labels: IntArray, *, exchanged: bool = False
) -> Symmetry:
    """Symmetry (a, b) → (first[a], second[b]), or (second[b], first[a]) if `exchanged`."""
    n = len(first)
    to_first, to_second = (n, 0) if exchanged else (0, n)
    return Symmetry(name, np.concatenate([to_first + first, to_second + second]), labels)
