"""A task: a labelled table of operand pairs, and the symmetries it claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grokrfm.algebra import Group, Symmetry
from grokrfm.checks import SettingError, nearest
from grokrfm.tasks.family import Family, IntArray


@dataclass(frozen=True, eq=False)
class Task:
    """The labels f(a, b) of all pairs of n operands.

    A pair (a, b) is encoded as the sum of the one-hot vectors of the coordinates a and n + b; where
    several operations share one learner, the coordinate 2n + t says which of them is meant.

    Parameters
    ----------
    title : str              for people, such as "addition mod 61"
    group : Group            its elements are the operands, and a user writes them as it does
    labels : (t·n²,) int     f(a, b) in row a·n + b; the tables of t operations follow each other
    classes : int            c, the number of labels there can be
    families                 the symmetries that are claimed, by name
    phi : (n,) int           φ, where f(a, b) = a·φ(b) in the group, else None; φ(φ(b)) = b
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

    @property
    def order(self) -> int:
        """n, the number of operands."""
        return self.group.order

    @property
    def operations(self) -> int:
        """How many tables there are."""
        return len(self.labels) // self.order**2

    @property
    def width(self) -> int:
        """d, the number of one-hot coordinates: 2n, and a task bit for each of several tables."""
        return 2 * self.order + (self.operations if self.operations > 1 else 0)

    @cached_property
    def pairs(self) -> IntArray:
        """(rows, 2) the operand pairs as element indices; the row of (a, b) is a·n + b."""
        rows = np.arange(len(self.labels)) % self.order**2
        return np.stack(np.divmod(rows, self.order), axis=1)

    @cached_property
    def active(self) -> IntArray:
        """(rows, 2 or 3) the one-hot coordinates that are 1 in each row."""
        operands = self.pairs + np.array([0, self.order])
        if self.operations == 1:
            return operands
        bit = 2 * self.order + np.arange(len(self.labels)) // self.order**2
        return np.concatenate([operands, bit[:, None]], axis=1)

    def symmetries(self) -> list[Symmetry]:
        """All label-preserving symmetries that are claimed, each once, the identity among them."""
        found: dict[bytes, Symmetry] = {}
        for family in self.families.values():
            if family.preserves_labels:
                for symmetry in family:
                    found.setdefault(symmetry.key, symmetry)
        identity = Symmetry("e", np.arange(self.width), np.arange(self.classes))
        return list((found if identity.key in found else {identity.key: identity} | found).values())

    def symmetry(self, written: Any) -> Symmetry:
        """A claimed symmetry in the user's notation: {rotation: 12}, {translation: [1, 1]}, swap.

        Raises
        ------
        ValueError   if there is none; the message says which there are
        """
        name: Any = written
        value: Any = []
        if isinstance(written, Mapping) and len(written) == 1:
            ((name, value),) = written.items()
        if not isinstance(name, str):
            raise ValueError(
                f"{written!r} is no symmetry; one is written {{rotation: {self.group.example}}}"
            )
        family = self._family(name)
        if family.arity == 1:
            value = [value]
        if not isinstance(value, (list, tuple)) or len(value) != family.arity:
            rule = f"takes {family.arity} elements" if family.arity else "takes no element"
            raise ValueError(f"{name} {rule}, got {value!r}")
        return self._member(name, *(self.group.index(element) for element in value))

    def rotation(self, k: int) -> Symmetry:
        """r^k, for the element of index k; SettingError where there is none."""
        return self._expected("rotation", k)

    def reflection(self, k: int) -> Symmetry:
        """sr^k, for the element of index k; SettingError where there is none."""
        return self._expected("reflection", k)

    def translation(self, g: int, h: int) -> Symmetry:
        """t^(g,h), for the elements of indices g and h; SettingError where there is none."""
        return self._expected("translation", g, h)

    def row_permutation(self, symmetry: Symmetry) -> IntArray:
        """(rows,) the row to which a symmetry moves each row of the table."""
        return self.row_permutations([symmetry])[0]

    def row_permutations(self, symmetries: Sequence[Symmetry], rows: Any = slice(None)) -> IntArray:
        """(symmetries, rows) the row to which each symmetry moves each of some rows."""
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
            raise ValueError(f"{self.title} claims no symmetries, and so no {name}")
        if name not in self.families:
            raise ValueError(f"{self.title} has no {name}; {nearest(name, self.families)}")
        return self.families[name]
