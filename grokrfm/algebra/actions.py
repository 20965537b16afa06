"""Actions on states: permutations, and the group that they generate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.groups import Group
from grokrfm.algebra.orbits import orbits
from grokrfm.checks import SettingError

IntArray = NDArray[np.int64]

MOST_GENERATED = 2500
"""Limit on the order of a generated group, whose table has order² entries."""


def is_transitive(permutations: IntArray) -> bool:
    """True if products of the (A, S) permutations lead from every state to every other."""
    return len(np.unique(orbits(list(permutations), permutations.shape[1]))) == 1


def generated_group(permutations: IntArray) -> tuple[Group, IntArray]:
    """Return the group that (A, S) permutations generate, and the index of each of them.

    Elements are tuples of images, the identity first; p·q applies q first.

    Raises
    ------
    SettingError   if there are more than MOST_GENERATED elements
    """
    permutations = np.ascontiguousarray(permutations, dtype=np.int64)
    keys = [p.tobytes() for p in permutations]
    chosen = [0]  # few that generate all: each further one at least doubles the group
    found, left = _elements(permutations[chosen])
    while outside := [a for a, key in enumerate(keys) if key not in found]:
        chosen.append(outside[0])
        found, left = _elements(permutations[chosen])
    images = np.frombuffer(b"".join(found), dtype=np.int64).reshape(len(found), -1)
    points = np.arange(permutations.shape[1]).astype(object)  # the elements share these integers
    elements = tuple(map(tuple, points[images].tolist()))
    group = Group(f"group of {len(found)} permutations", elements, cayley_table(left))
    return group, np.array([found[key] for key in keys])


def _elements(permutations: IntArray) -> tuple[dict[bytes, int], IntArray]:
    """Return the index of each generated permutation by its bytes, and the products from the left.

    They are found breadth-first; products[k, a] is the index of permutation a times element k.
    """
    found = [np.arange(permutations.shape[1])]
    index = {found[0].tobytes(): 0}
    left = []
    for element in found:  # the list grows on the way
        products = permutations[:, element]
        left.append([index.setdefault(p.tobytes(), len(index)) for p in products])
        for p, k in zip(products, left[-1], strict=True):
            if k == len(found):
                found.append(p)
        if len(found) > MOST_GENERATED:
            raise SettingError(
                "generators",
                f"generate more than {MOST_GENERATED} permutations; choose a smaller group",
            )
    return index, np.array(left)


def cayley_table(left: IntArray) -> IntArray:
    """(n, n) table of products, from the (n, A) products of generators with each element.

    left[k, a] = i is the index of a·k. Elements are numbered as they are found, from the identity
    on, so that each i > 0 has some k < i. Its row is then i·j = a·(k·j) for every j.
    """
    table = np.empty((len(left),) * 2, dtype=np.int64)
    table[0] = np.arange(len(left))
    found, first = np.unique(left, return_index=True)
    for i, k, a in zip(found, *np.divmod(first, left.shape[1]), strict=True):
        if i > 0:
            table[i] = left[table[k], a]
    return table
