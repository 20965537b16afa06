"""A task a·φ(b) over an Abelian group, its table and its symmetries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra import Group, Symmetry

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Task:
    """The table of f(a, b) = a·φ(b) for all pairs of elements of an Abelian group of order n.

    A pair (a, b) is encoded as the sum of the one-hot vectors of the coordinates a and n + b.

    Parameters
    ----------
    title : str        for people, such as "addition mod 61"
    group : Group      Abelian
    phi : (n,) int     a permutation of the group with φ(φ(b)) = b: the identity for + and ×,
                       the inverse for − and ÷

    Source: arXiv:2604.00316, section 3; the one formula of its Table of symmetries.
    """

    title: str
    group: Group
    phi: IntArray

    @property
    def order(self) -> int:
        """n, the order of the group."""
        return self.group.order

    @property
    def width(self) -> int:
        """d = 2n, the number of one-hot coordinates."""
        return 2 * self.order

    @property
    def classes(self) -> int:
        """c, the number of labels."""
        return self.order

    @cached_property
    def pairs(self) -> IntArray:
        """(n², 2) all operand pairs as element indices; the row of (a, b) is a·n + b."""
        first, second = np.divmod(np.arange(self.order**2), self.order)
        return np.stack([first, second], axis=1)

    @cached_property
    def active(self) -> IntArray:
        """(n², 2) the one-hot coordinates that are 1 in each row."""
        return self.pairs + np.array([0, self.order])

    @cached_property
    def labels(self) -> IntArray:
        """(n²,) index of the element f(a, b)."""
        first, second = self.pairs.T
        return self.group.table[first, self.phi[second]]

    def translation(self, g: int, h: int) -> Symmetry:
        """(a, b) → (a·g, φ⁻¹(φ(b)·h)), which moves every label c to c·g·h (g, h: indices)."""
        table = self.group.table
        first = table[:, g]
        second = self.phi[table[self.phi, h]]
        name = f"t^({self.group.elements[g]},{self.group.elements[h]})"
        coordinates = np.concatenate([first, self.order + second])
        return Symmetry(name, coordinates, table[:, table[g, h]])

    def rotation(self, k: int) -> Symmetry:
        """r^k: (a, b) → (a·k, φ⁻¹(k⁻¹·φ(b))), for the group element of index k."""
        moved = self.translation(k, int(self.group.inverses[k]))
        return Symmetry(f"r^{self.group.elements[k]}", moved.coordinates, moved.labels)

    def reflection(self, k: int) -> Symmetry:
        """sr^k: (a, b) → (φ(b)·k⁻¹, φ⁻¹(a·k)), for the group element of index k."""
        table, inverse = self.group.table, self.group.inverses[k]
        first_goes_to = self.order + self.phi[table[:, k]]
        second_goes_to = table[self.phi, inverse]
        coordinates = np.concatenate([first_goes_to, second_goes_to])
        return Symmetry(f"sr^{self.group.elements[k]}", coordinates, np.arange(self.classes))

    def symmetries(self) -> list[Symmetry]:
        """The 2n label-preserving symmetries Dih(𝒜): all rotations, then all reflections."""
        elements = range(self.order)
        return [self.rotation(k) for k in elements] + [self.reflection(k) for k in elements]

    def row_permutation(self, symmetry: Symmetry) -> IntArray:
        """(n²,) the row to which a symmetry moves each row of the table."""
        first, second = np.sort(symmetry.coordinates[self.active], axis=1).T
        return first * self.order + (second - self.order)
