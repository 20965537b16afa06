"""Subgroups of a finite group, as sorted tuples of element indices."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grokrfm.algebra.groups import Group
from grokrfm.checks import GrokrfmError

Subgroup = tuple[int, ...]

MOST_SUBGROUPS = 10_000


def generated_by(group: Group, elements: Iterable[int]) -> Subgroup:
    """Smallest subgroup that contains the given elements (indices)."""
    generators = np.unique(list(elements)).astype(np.int64)
    member = np.zeros(group.order, dtype=bool)
    member[group.identity] = True
    frontier = np.array([group.identity])
    while len(frontier):
        products = np.unique(group.table[frontier[:, None], generators])
        frontier = products[~member[products]]
        member[frontier] = True
    return tuple(map(int, np.flatnonzero(member)))


def cyclic_subgroups(group: Group) -> list[Subgroup]:
    """List the cyclic subgroups, ordered by size."""
    return _sorted({generated_by(group, [g]) for g in range(group.order)})


def subgroups(group: Group) -> list[Subgroup]:
    """List every subgroup, ordered by size; each extends a smaller one by a generator.

    Raises
    ------
    GrokrfmError   if there are more than MOST_SUBGROUPS
    """
    # one generator per cyclic subgroup is enough; the subgroup itself is the key
    cyclic = {generated_by(group, [g]): g for g in range(group.order)}
    found = {generated_by(group, [])}
    frontier = list(found)
    while frontier:
        larger = {
            generated_by(group, [*held, g])
            for held in frontier
            for g in cyclic.values()
            if g not in held
        }
        frontier = list(larger - found)
        found |= larger
        if len(found) > MOST_SUBGROUPS:
            raise GrokrfmError(f"{group.name} has more than {MOST_SUBGROUPS} subgroups")
    return _sorted(found)


def conjugates(group: Group, subgroup: Subgroup) -> list[Subgroup]:
    """List the conjugate subgroups g·H·g⁻¹, each once."""
    g = np.arange(group.order)[:, None]
    conjugated = group.table[group.table[g, list(subgroup)], group.inverses[g]]
    return _sorted({tuple(map(int, row)) for row in np.sort(conjugated, axis=1)})


def left_cosets(group: Group, subgroup: Subgroup) -> list[Subgroup]:
    """List the left cosets g·H, each once."""
    return _sorted({tuple(map(int, row)) for row in np.sort(group.table[:, list(subgroup)])})


def right_cosets(group: Group, subgroup: Subgroup) -> list[Subgroup]:
    """List the right cosets H·g, each once."""
    return _sorted({tuple(map(int, row)) for row in np.sort(group.table[list(subgroup)].T)})


def _sorted(subsets: Iterable[Subgroup]) -> list[Subgroup]:
    return sorted(subsets, key=lambda subset: (len(subset), subset))
