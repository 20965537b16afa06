"""Eigen-angles and orders of orthogonal matrices, and the nearest matrices of finite order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HIGHEST_ORDER = 64
"""Largest order that is looked for."""

ORDER_TOLERANCE = 0.1
"""Distance ‖G^k − I‖ / √(2n) below which k counts as the order of G."""


def eigen_angles(matrices: FloatArray) -> FloatArray:
    """(A, ⌊n/2⌋) angles of (A, n, n) rotations in turns, from 0 to 1/2 in increasing order.

    They do not depend on the basis. The eigenvalues of a rotation are pairs of opposite angles,
    and one more eigenvalue 1 for odd n.
    """
    turns = np.abs(np.angle(np.linalg.eigvals(matrices))) / (2 * np.pi)
    return np.sort(turns, axis=1)[:, 1::2]


def finite_orders(matrices: FloatArray) -> tuple[IntArray, FloatArray]:
    """(A,) orders of (A, n, n) matrices, and (A,) distances ‖G^k − I‖ / √(2n) of that power.

    The order is the smallest k ≤ HIGHEST_ORDER with a distance below ORDER_TOLERANCE. Without one
    it is 0, and the distance is the smallest of all.
    """
    size = matrices.shape[1]
    power = matrices = np.asarray(matrices, dtype=np.float64)
    distances = []
    for _ in range(HIGHEST_ORDER):
        distances.append(np.linalg.norm(power - np.eye(size), axis=(1, 2)) / np.sqrt(2 * size))
        power = power @ matrices
    residuals = np.array(distances)
    small = residuals < ORDER_TOLERANCE
    found = small.any(axis=0)
    best = np.where(found, small.argmax(axis=0), residuals.argmin(axis=0))
    return np.where(found, best + 1, 0), residuals[best, np.arange(len(matrices))]


def snapped(matrices: FloatArray, orders: Sequence[int] | None = None) -> FloatArray | None:
    """Orthogonal matrices of exact finite order near (A, n, n) nearly orthogonal ones.

    Every eigen-angle is rounded to the nearest multiple of 1/order turns; planes and determinants
    are kept. None if a matrix has no such order.

    Parameters
    ----------
    orders   A orders; None: those of `finite_orders`
    """
    found = finite_orders(matrices)[0].tolist() if orders is None else orders
    if min(found) < 1:
        return None
    exact = [_snapped(m, order) for m, order in zip(matrices, found, strict=True)]
    # an eigenvalue −1 outside a plane has no odd order
    powers = [np.linalg.matrix_power(m, order) for m, order in zip(exact, found, strict=True)]
    return np.array(exact) if np.allclose(powers, np.eye(len(exact[0])), atol=1e-6) else None


def _snapped(matrix: FloatArray, order: int) -> FloatArray:
    from scipy.linalg import schur  # a tenth of a second that most runs need not pay

    # the real Schur form of an orthogonal matrix is its rotations of planes, and ±1 on lines
    form, basis = schur(np.asarray(matrix, dtype=np.float64), output="real")
    exact = np.diag(np.sign(np.diag(form)))
    for i in np.flatnonzero(np.abs(np.diag(form, -1)) > 1e-12):
        turns = np.arctan2(form[i + 1, i], form[i, i]) / (2 * np.pi)
        angle = 2 * np.pi * round(turns * order) / order
        cos, sin = np.cos(angle), np.sin(angle)
        exact[i : i + 2, i : i + 2] = [[cos, -sin], [sin, cos]]
    result: FloatArray = basis @ exact @ basis.T
    return result
