"""Finite groups as Cayley tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

Element = int | str | tuple[int, ...]
"""Element in the user's notation: an integer, a word such as r2, or a tuple of integers."""


@dataclass(frozen=True, eq=False)
class Group:
    """Finite group.

    Parameters
    ----------
    name : str          for messages, such as "Z5 x Z7"
    elements            the elements in index order, in the user's own notation
    table : (n, n) int  table[i, j] = index of elements[i] · elements[j]
    """

    name: str
    elements: tuple[Element, ...]
    table: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"<Group {self.name}: {self.order} elements>"

    @property
    def order(self) -> int:
        return len(self.elements)

    @cached_property
    def identity(self) -> int:
        """Index of the identity."""
        return int(np.flatnonzero((self.table == np.arange(self.order)).all(axis=1))[0])

    @cached_property
    def inverses(self) -> NDArray[np.int64]:
        """(n,) index of the inverse of each element."""
        return np.argmax(self.table == self.identity, axis=1)

    @cached_property
    def is_abelian(self) -> bool:
        """True if all elements commute."""
        return bool((self.table == self.table.T).all())

    @cached_property
    def centre(self) -> NDArray[np.int64]:
        """Indices of the elements that commute with all."""
        return np.flatnonzero((self.table == self.table.T).all(axis=1))

    def power(self, exponent: int) -> NDArray[np.int64]:
        """(n,) index of g^exponent for each element g; any integer exponent."""
        exponent %= self.order  # g^n = e
        result = np.full(self.order, self.identity)
        square = np.arange(self.order)
        while exponent:
            if exponent % 2:
                result = self.table[result, square]
            square = self.table[square, square]
            exponent //= 2
        return result

    @cached_property
    def _index(self) -> dict[Element, int]:
        return {element: i for i, element in enumerate(self.elements)}

    @property
    def example(self) -> str:
        """Last element, as a user writes it in a config."""
        return self.written(self.order - 1)

    def written(self, index: int) -> str:
        """Return an element as a user writes it in a config."""
        element = self.elements[index]
        return str(list(element)) if isinstance(element, tuple) else str(element)

    def has(self, element: Any) -> bool:
        """True for an element of the group in the user's notation (a tuple may be a list)."""
        return _key(element) in self._index

    def index(self, element: Any) -> int:
        """Index of an element given in the user's notation; `identity` is one in every group.

        Raises
        ------
        ValueError   if there is no such element; the message names the valid ones
        """
        if isinstance(element, str) and element == "identity":
            return self.identity
        if not self.has(element):
            shown = list(element) if isinstance(element, tuple) else element
            raise ValueError(
                f"{shown!r} is not an element of {self.name}; its elements run"
                f" from {self.written(0)} to {self.written(self.order - 1)}"
            )
        return self._index[_key(element)]


def _key(element: Any) -> Any:
    """Return a list of integers as a tuple, an integer or word unchanged, otherwise None."""
    if isinstance(element, str):
        return element
    parts = element if isinstance(element, (list, tuple)) else [element]
    if any(isinstance(part, bool) or not isinstance(part, Integral) for part in parts):
        return None
    return tuple(parts) if isinstance(element, (list, tuple)) else element
