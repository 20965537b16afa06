"""Groups that operators of a model generate, or None where they generate no finite group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.actions import generated_group
from grokrfm.algebra.closure import closure
from grokrfm.algebra.groups import Group
from grokrfm.checks import SettingError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Generated = tuple[Group, IntArray] | None
"""Group, and the (A,) element that each operator is."""

TOLERANCE = 0.12
"""Distance ‖X − Y‖_F / √(2n) below which two matrices count as one."""

TRIED = 6
"""Matrices whose orders are looked at before a closure, which takes longer to fail."""


def by_maps(maps: IntArray, most: int) -> Generated:
    """Group that (A, S) maps of states generate, if they are permutations of them."""
    if (np.sort(maps, axis=1) != np.arange(maps.shape[1])).any():
        return None
    try:
        group, generators = generated_group(maps)
    except SettingError:  # too many elements
        return None
    return (group, generators) if group.order <= most else None


def by_matrices(operators: FloatArray, most: int) -> Generated:
    """Group of at most `most` elements that (A, n, n) matrices close to, up to TOLERANCE.

    Few of them generate the others: one outside of the closure so far joins its generators, which
    at least doubles its order.
    """
    identity = np.eye(operators.shape[1])[None]
    if not (distances(operators.mT @ operators, identity) < TOLERANCE).all():
        return None  # a matrix that is not orthogonal has no inverse among its powers
    if not _have_orders(operators[:TRIED], most):
        return None
    chosen = [0]
    while (found := closure(operators[chosen], TOLERANCE, most)) is not None:
        apart = distances(operators, found.matrices)
        farthest = int(apart.min(axis=1).argmax())
        if apart[farthest].min() < TOLERANCE:
            return None if found.group is None else (found.group, apart.argmin(axis=1))
        chosen.append(farthest)
    return None


def _have_orders(operators: FloatArray, most: int) -> bool:
    """True if some power, at most the given, of each orthogonal matrix is the identity.

    ‖G^k − I‖² is the sum of 2 − 2 cos kθ over the eigenvalues exp(iθ).
    """
    angles = np.angle(np.linalg.eigvals(operators))
    cosines = np.cos(np.arange(1, most + 1)[:, None, None] * angles)
    return bool(((1 - cosines).mean(axis=2) < TOLERANCE**2).any(axis=0).all())


def distances(left: FloatArray, right: FloatArray) -> FloatArray:
    """(k, l) distance of each of (k, n, n) matrices to each of (l, n, n)."""
    from scipy.spatial.distance import cdist  # a third of a second that most runs need not pay

    x, y = left.reshape(len(left), -1), right.reshape(len(right), -1)
    return np.asarray(cdist(x, y)) / np.sqrt(2 * left.shape[-1])
