"""Tasks: labelled tables of operand pairs, and the symmetries that they claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grokrfm.algebra import Group, Symmetry, logarithms
from grokrfm.checks import SettingError, nearest
from grokrfm.tasks.family import Family, IntArray


@dataclass(frozen=True, eq=False)
class Task:
    """Table of the labels f(a, b) for all pairs of n operands.

    A pair (a, b) is encoded as the sum of the one-hot vectors of the coordinates a and n + b. If
    several operations share one learner, the coordinate 2n + t selects operation t.

    Parameters
    ----------
    title : str              in words, such as "addition mod 61"
    group : Group            its elements are the operands, in the user's notation
    labels : (t·n²,) int     f(a, b) in row a·n + b; the tables of t operations follow each other
    classes : int            c, the number of possible labels
    families                 the claimed symmetries, by name
    phi : (n,) int           φ with φ(φ(b)) = b if f(a, b) = a·φ(b) in the group, else None
    """

    title: str
    group: Group
    labels: IntArray
    classes: int
    families: Mapping[str, Family]
    phi: IntArray | None = None

    def __post_init__(self) -> None:
        if self.order < 2:
            raise SettingError("group", f"must have at least 2 elements, {self.group.name} has 1")

    def __repr__(self) -> str:
        return f"<Task: {self.title}, {len(self.labels)} rows, {self.classes} classes>"

    @property
    def order(self) -> int:
        """n, the number of operands."""
        return self.group.order

    @property
    def logarithms(self) -> IntArray | None:
        """(n,) discrete logarithm of each operand; None if the group is not cyclic."""
        try:
            return logarithms(self.group)
        except ValueError:
            return None

    @property
    def operations(self) -> int:
        """t, the number of tables."""
        return len(self.labels) // self.order**2

    @property
    def width(self) -> int:
        """d, the number of one-hot coordinates: 2n, plus t task bits if t > 1."""
        return 2 * self.order + (self.operations if self.operations > 1 else 0)

    @cached_property
    def pairs(self) -> IntArray:
        """(rows, 2) operand pairs as element indices; the row of (a, b) is a·n + b."""
        rows = np.arange(len(self.labels)) % self.order**2
        return np.stack(np.divmod(rows, self.order), axis=1)

    @cached_property
    def active(self) -> IntArray:
        """(rows, 2 or 3) one-hot coordinates that are 1 in each row."""
        operands = self.pairs + np.array([0, self.order])
        if self.operations == 1:
            return operands
        bit = 2 * self.order + np.arange(len(self.labels)) // self.order**2
        return np.concatenate([operands, bit[:, None]], axis=1)

    def symmetries(self) -> list[Symmetry]:
        """List the claimed label-preserving symmetries, each once, with the identity."""
        found: dict[bytes, Symmetry] = {}
        for family in self.families.values():
            if family.preserves_labels:
                for symmetry in family:
                    found.setdefault(symmetry.key, symmetry)
        identity = Symmetry("e", np.arange(self.width), np.arange(self.classes))
        return list((found if identity.key in found else {identity.key: identity} | found).values())

    def symmetry(self, written: Any) -> Symmetry:
        """Claimed symmetry in the user's notation: {rotation: 12}, {translation: [1, 1]}, swap.

        Raises
        ------
        ValueError   if there is no such symmetry; the message names the valid ones
        """
        name: Any = written
        value: Any = []
        if isinstance(written, Mapping) and len(written) == 1:
            ((name, value),) = written.items()
        if not isinstance(name, str):
            raise ValueError(
                f"{written!r} is not a symmetry; one is written {{rotation: {self.group.example}}}"
            )
        family = self._family(name)
        if family.arity == 1:
            value = [value]
        if not isinstance(value, (list, tuple)) or len(value) != family.arity:
            rule = f"takes {family.arity} elements" if family.arity else "takes no element"
            raise ValueError(f"{name} {rule}, got {value!r}")
        return self._member(name, *(self.group.index(element) for element in value))

    def rotation(self, k: int) -> Symmetry:
        """r^k for the element of index k; SettingError if the task has no r^k."""
        return self._expected("rotation", k)

    def reflection(self, k: int) -> Symmetry:
        """sr^k for the element of index k; SettingError if the task has no sr^k."""
        return self._expected("reflection", k)

    def translation(self, g: int, h: int) -> Symmetry:
        """t^(g,h) for the elements of indices g and h; SettingError if the task has no t^(g,h)."""
        return self._expected("translation", g, h)

    def row_permutation(self, symmetry: Symmetry) -> IntArray:
        """(rows,) image of each row of the table under a symmetry."""
        return self.row_permutations([symmetry])[0]

    def row_permutations(self, symmetries: Sequence[Symmetry], rows: Any = slice(None)) -> IntArray:
        """(symmetries, rows) image of each of the given rows under each symmetry."""
        n = self.order
        # the row of active coordinates (a, n + b, 2n + t) is t·n² + a·n + b: a sum over them
        share = np.concatenate(
            [np.arange(n) * n, np.arange(n), np.arange(self.width - 2 * n) * n**2]
        )
        moved = share[np.array([symmetry.coordinates for symmetry in symmetries])]
        return sum(moved[:, column] for column in self.active[rows].T)

    def _expected(self, name: str, *indices: int) -> Symmetry:
        try:
            return self._member(name, *indices)
        except ValueError as error:
            raise SettingError(name, str(error)) from error

    def _member(self, name: str, *indices: int) -> Symmetry:
        family = self._family(name)
        if not family.has(*indices):
            written = ", ".join(self.group.written(k) for k in indices)
            raise ValueError(f"{self.title} has no {name} by {written}")
        return family.member(*indices)

    def _family(self, name: str) -> Family:
        if not self.families:
            raise ValueError(f"{self.title} claims no symmetries, so it has no {name}")
        if name not in self.families:
            raise ValueError(f"{self.title} has no {name}; {nearest(name, self.families)}")
        return self.families[name]
