"""Finite groups as Cayley tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import SettingError, integer

Element = int | tuple[int, ...]
"""An element as a user writes it: an integer, or a tuple of coordinates in a product."""


@dataclass(frozen=True, eq=False)
class Group:
    """A finite group.

    Parameters
    ----------
    name : str          for messages, such as "Z5 x Z7"
    elements            the elements in index order, in the user's own notation
    table : (n, n) int  table[i, j] = index of elements[i] · elements[j]
    """

    name: str
    elements: tuple[Element, ...]
    table: NDArray[np.int64]

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
    def _index(self) -> dict[Element, int]:
        return {element: i for i, element in enumerate(self.elements)}

    @property
    def example(self) -> str:
        """Some element other than the identity, as a user writes it in a config."""
        return str(_written(self.elements[-1]))

    def has(self, element: Any) -> bool:
        """Whether there is such an element, in the user's notation (an int, or a list of them)."""
        return _key(element) in self._index

    def index(self, element: Any) -> int:
        """Index of an element given in the user's notation.

        Raises
        ------
        ValueError   if there is no such element; the message says which there are
        """
        if not self.has(element):
            first, last = _written(self.elements[0]), _written(self.elements[-1])
            shown = list(element) if isinstance(element, tuple) else element
            raise ValueError(
                f"{shown!r} is not an element of {self.name}; its elements run"
                f" from {first} to {last}"
            )
        return self._index[_key(element)]


def _key(element: Any) -> Any:
    """A list of integers as a tuple, an integer as it is, and None for anything else."""
    parts = element if isinstance(element, (list, tuple)) else [element]
    if any(isinstance(part, bool) or not isinstance(part, Integral) for part in parts):
        return None
    return tuple(parts) if isinstance(element, (list, tuple)) else element


def cyclic(order: int) -> Group:
    """The integers 0 … order − 1 under addition modulo `order`."""
    i = np.arange(order)
    return Group(f"Z{order}", tuple(range(order)), (i[:, None] + i) % order)


def product(factors: Sequence[int]) -> Group:
    """The direct product of cyclic groups, in mixed radix with the last coordinate fastest."""
    coordinates = np.stack(np.unravel_index(np.arange(math.prod(factors)), tuple(factors)))
    radix = np.array(factors)[:, None, None]
    sums = (coordinates[:, :, None] + coordinates[:, None, :]) % radix
    table = np.ravel_multi_index(tuple(sums), tuple(factors)).astype(np.int64)
    elements = tuple(tuple(int(v) for v in column) for column in coordinates.T)
    return Group(" x ".join(f"Z{n}" for n in factors), elements, table)


def units(modulus: int) -> Group:
    """The integers prime to `modulus` under multiplication, in increasing order."""
    values = np.array([u for u in range(1, modulus) if math.gcd(u, modulus) == 1])
    table = np.searchsorted(values, values[:, None] * values % modulus)
    return Group(f"the units mod {modulus}", tuple(values.tolist()), table)


def is_prime(n: int) -> bool:
    """Whether n is a prime number (trial division)."""
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))


def checked_sizes(setting: str, sizes: Any) -> tuple[int, ...]:
    """Orders of the cyclic factors of a product, checked."""
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise SettingError(
            setting, f"must be a list of cyclic orders such as [5, 7], got {sizes!r}"
        )
    checked = tuple(integer(setting, n, minimum=1) for n in sizes)
    if math.prod(checked) < 2:
        raise SettingError(setting, f"must describe a group of at least 2 elements, got {sizes!r}")
    return checked


def _written(element: Element) -> int | list[int]:
    return list(element) if isinstance(element, tuple) else element
