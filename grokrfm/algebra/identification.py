"""Identification of a group among the families that have names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grokrfm.algebra.abelian import invariant_factors
from grokrfm.algebra.families import alternating, cyclic, dihedral, quaternion, symmetric
from grokrfm.algebra.groups import Group
from grokrfm.algebra.isomorphism import isomorphism


def group_name(group: Group) -> str:
    """Name of a group up to isomorphism, such as C31, C5 x C5, D5, S4, A5, Q8 or C3 x S3.

    An Abelian group is a product of cyclic groups, whose orders are its invariant factors. For
    others the first name counts of: symmetric, alternating, Q8, dihedral; then a product of two
    such, or of one and a cyclic group. So D3 is S3, and C2 x D5 is D10. A group that is none of
    these is "a group of order N".
    """
    if group.is_abelian:
        return " x ".join(f"C{d}" for d in invariant_factors(group)) or "C1"
    for known in _named(group.order):
        if isomorphism(group, known) is not None:
            return known.name
    for product in _products(group.order):
        if isomorphism(group, product) is not None:
            return product.name
    return f"a group of order {group.order}"


def direct_product(group: Group, other: Group) -> Group:
    """Direct product of two groups; elements are numbered with the second factor fastest."""
    order = group.order * other.order
    first, second = np.divmod(np.arange(order), other.order)
    table = group.table[np.ix_(first, first)] * other.order + other.table[np.ix_(second, second)]
    return Group(f"{group.name} x {other.name}", tuple(range(order)), table)


def _named(order: int) -> Iterator[Group]:
    """Non-Abelian groups of an order that have names of their own."""
    if order in (6, 24, 120, 720):
        yield symmetric({6: 3, 24: 4, 120: 5, 720: 6}[order])
    if order in (12, 60, 360):
        yield alternating({12: 4, 60: 5, 360: 6}[order])
    if order == 8:
        yield quaternion()
    if order % 2 == 0 and order > 6:
        yield dihedral(order // 2)


def _products(order: int) -> Iterator[Group]:
    """Products of a cyclic or smaller named group and a named group."""
    for d in range(2, order // 6 + 1):
        if order % d == 0:
            one = cyclic(d)
            for known in _named(order // d):
                yield direct_product(Group(f"C{d}", one.elements, one.table), known)
                if d <= order // d:
                    yield from (direct_product(smaller, known) for smaller in _named(d))
