"""Discrete logarithms in cyclic groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.groups import Group


def generator(group: Group) -> int:
    """Index of the first element that generates the group.

    Raises
    ------
    ValueError   if the group is not cyclic
    """
    for candidate in range(group.order):
        if len(_powers(group, candidate)) == group.order:
            return candidate
    raise ValueError(f"{group.name} is not cyclic, so its elements have no discrete logarithms")


def logarithms(group: Group) -> NDArray[np.int64]:
    """(n,) exponent of each element as a power of the generator.

    Multiplying elements adds exponents modulo n. With rows and columns in the order of the
    logarithms, the table of an operation of the group is that of an operation of Z_n.

    Raises
    ------
    ValueError   if the group is not cyclic

    Examples
    --------
    >>> from grokrfm.algebra import logarithms, units
    >>> logarithms(units(7)).tolist()  # of 1 … 6: 3 generates, 3² = 2, 3³ = 6
    [0, 2, 1, 4, 5, 3]
    """
    exponents = np.empty(group.order, dtype=np.int64)
    exponents[_powers(group, generator(group))] = np.arange(group.order)
    return exponents


def _powers(group: Group, element: int) -> list[int]:
    """Powers of an element, from the identity on until they repeat."""
    powers = [group.identity]
    while (following := int(group.table[powers[-1], element])) != group.identity:
        powers.append(following)
    return powers
