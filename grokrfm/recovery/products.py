"""Multiplication table of a group as operators of its actions reproduce it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.group_action import GroupAction
from grokrfm.recovery.generated import TOLERANCE, distances

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def learned_products(action: GroupAction, operators: FloatArray) -> IntArray:
    """(N, N) element whose matrix is nearest to the product of those of g and h; −1: none is near.

    The matrix of an element is the product of the (A, n, n) operators along one of its shortest
    words in the actions. Distances are ‖X − Y‖_F / √(2n), and near is below TOLERANCE. The table
    is that of the group if and only if these matrices multiply as its elements do, up to TOLERANCE
    and to elements whose matrices are equal.
    """
    matrices = _along_words(action, operators)
    nearest = np.empty((len(matrices),) * 2, dtype=np.int64)
    for row, matrix in zip(nearest, matrices, strict=True):  # all at once are N³ distances
        apart = distances(matrix @ matrices, matrices)
        row[:] = np.where(apart.min(axis=1) < TOLERANCE, apart.argmin(axis=1), -1)
    return nearest


def _along_words(action: GroupAction, operators: FloatArray) -> FloatArray:
    """(N, n, n) matrix of every element."""
    group = action.group
    matrices = {group.identity: np.eye(operators.shape[1])}
    for element in (reached := [group.identity]):  # breadth-first: the list grows on the way
        for operator, a in zip(operators, action.generators, strict=True):
            if (product := int(group.table[a, element])) not in matrices:
                matrices[product] = operator @ matrices[element]
                reached.append(product)
    return np.array([matrices[element] for element in range(group.order)])
