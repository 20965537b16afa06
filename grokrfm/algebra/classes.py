"""Orders and conjugacy classes of the elements of a group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.groups import Group

IntArray = NDArray[np.int64]


def element_orders(group: Group) -> IntArray:
    """(n,) smallest k > 0 with g^k = e for each element g."""
    orders = np.zeros(group.order, dtype=np.int64)
    for k in range(1, group.order + 1):
        if group.order % k == 0:
            orders[(orders == 0) & (group.power(k) == group.identity)] = k
    return orders


def conjugacy_classes(group: Group) -> IntArray:
    """(n,) number of the conjugacy class of each element, numbered from 0 in index order."""
    if group.is_abelian:
        return np.arange(group.order)
    classes = np.full(group.order, -1)
    for g in range(group.order):
        if classes[g] < 0:
            classes[group.table[group.table[:, g], group.inverses]] = classes.max() + 1
    return classes
