"""Families of symmetries: all those of one form, one for each choice of some operands."""

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
    preserves_labels : bool   whether every member leaves every label as it is
    member                    operand indices → the symmetry
    choices                   makes the operand indices of all members, (m, arity); called when
                              they are needed first
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
        """Whether these operand indices make a member."""
        return bool((self.arguments == np.array(indices, dtype=np.int64)).all(axis=1).any())

    def __iter__(self) -> Iterator[Symmetry]:
        return (self.member(*map(int, indices)) for indices in self.arguments)


def every(n: int, arity: int) -> Callable[[], IntArray]:
    """All choices of `arity` indices below n, in lexicographic order."""
    return lambda: np.indices((n,) * arity).reshape(arity, n**arity).T


def coordinate_symmetry(
    name: str, first: IntArray, second: IntArray, labels: IntArray, *, exchanged: bool = False
) -> Symmetry:
    """The symmetry (a, b) → (first[a], second[b]), or (second[b], first[a]) if `exchanged`."""
    n = len(first)
    to_first, to_second = (n, 0) if exchanged else (0, n)
    return Symmetry(name, np.concatenate([to_first + first, to_second + second]), labels)
