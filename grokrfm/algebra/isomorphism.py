"""Homomorphisms between groups, given by the images of generators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.classes import conjugacy_classes, element_orders
from grokrfm.algebra.groups import Group
from grokrfm.algebra.subgroups import generated_by

IntArray = NDArray[np.int64]

CANDIDATES = 64
"""Elements tried as the next generator; the one with the largest subgroup is taken."""


def homomorphism(
    group: Group,
    generators: Sequence[int] | IntArray,
    other: Group,
    images: Sequence[int] | IntArray,
) -> IntArray | None:
    """(n,) image of each element under the homomorphism that maps generator to generator.

    Elements that the generators do not generate have the image −1; None if there is no such
    homomorphism.
    """
    mapping = np.full(group.order, -1)
    mapping[group.identity] = other.identity
    frontier = np.array([group.identity])
    while len(frontier):
        reached = group.table[frontier[:, None], generators]
        required = other.table[mapping[frontier][:, None], images]
        new = mapping[reached] < 0
        frontier = np.unique(reached[new])
        mapping[reached[new]] = required[new]
        if (mapping[reached] != required).any():
            return None
    return mapping


def covers(
    cover: Group,
    cover_generators: Sequence[int] | IntArray,
    group: Group,
    generators: Sequence[int] | IntArray,
) -> bool:
    """True if mapping generator to generator makes a homomorphism of all of `cover` onto `group`.

    The quotient of the orders is then the index of the cover: 1 for an isomorphism.
    """
    mapping = homomorphism(cover, cover_generators, group, generators)
    return mapping is not None and mapping.min() >= 0 and len(np.unique(mapping)) == group.order


def isomorphism(group: Group, other: Group) -> IntArray | None:
    """(n,) image of each element under an isomorphism, or None if the groups are not isomorphic.

    Element orders, sizes of classes (1: the centre) and numbers of square roots must agree. A
    search then tries all images of a few generators that agree in these.
    """
    if group.order != other.order:
        return None
    _, both = np.unique(
        np.concatenate([_invariants(group), _invariants(other)]), axis=0, return_inverse=True
    )
    kinds, other_kinds = both.reshape(2, -1)
    if (np.sort(kinds) != np.sort(other_kinds)).any():
        return None
    generators = _few_generators(group)
    candidates = [np.flatnonzero(other_kinds == kinds[g]) for g in generators]
    if generators:  # up to an inner automorphism, one element of a class is enough
        classes = conjugacy_classes(other)[candidates[0]]
        candidates[0] = candidates[0][np.unique(classes, return_index=True)[1]]
    return _search(group, generators, other, candidates, [])


def _search(
    group: Group, generators: list[int], other: Group, candidates: list[IntArray], chosen: list[int]
) -> IntArray | None:
    """Extend the images of the first generators to an isomorphism, by backtracking."""
    mapping = homomorphism(group, generators[: len(chosen)], other, chosen)
    if mapping is None or np.bincount(mapping[mapping >= 0]).max() > 1:
        return None
    if len(chosen) == len(generators):
        return mapping
    for image in candidates[len(chosen)].tolist():
        found = _search(group, generators, other, candidates, [*chosen, image])
        if found is not None:
            return found
    return None


def _invariants(group: Group) -> IntArray:
    """(n, 3) order, size of the class and number of square roots of each element."""
    classes = conjugacy_classes(group)
    roots = np.bincount(group.power(2), minlength=group.order)
    return np.stack([element_orders(group), np.bincount(classes)[classes], roots], axis=1)


def _few_generators(group: Group) -> list[int]:
    """Indices of generators, chosen one by one to generate much."""
    generators: list[int] = []
    held: tuple[int, ...] = (group.identity,)
    while len(held) < group.order:
        outside = np.setdiff1d(np.arange(group.order), held)
        by_order = outside[np.argsort(-element_orders(group)[outside], kind="stable")]
        tried = {g: generated_by(group, [*generators, g]) for g in by_order[:CANDIDATES].tolist()}
        best = max(tried, key=lambda g: len(tried[g]))
        generators.append(best)
        held = tried[best]
    return generators
