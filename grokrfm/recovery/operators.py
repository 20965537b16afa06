"""Operators of actions, and the residuals of the group's relations in them.

Operators are (A, n, n) with z' = G_a z. A residual is a mean of ‖·‖_F / √(2n), which is near 1 for
the difference of two unrelated orthogonal matrices, and NaN where there is no relation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def prediction_operators(predictions: FloatArray) -> FloatArray:
    """(A, S, S) Â_a: distribution of the state → predicted distribution of the next.

    Parameters
    ----------
    predictions : (S, A, S)   predicted distribution of the next state
    """
    return predictions.transpose(1, 2, 0)


def map_operators(maps: IntArray) -> FloatArray:
    """(A, S, S) matrices of 0 and 1 of (A, S) maps of states."""
    return np.eye(maps.shape[1])[maps].mT


def order_residual(operators: FloatArray, orders: IntArray) -> float:
    """Mean of ‖G_a^k − I‖ over the actions, k the order of each."""
    powers = np.empty_like(operators)
    for order in np.unique(orders):
        same = orders == order
        powers[same] = np.linalg.matrix_power(operators[same], order)
    return _mean_norm(powers - np.eye(operators.shape[1]))


def inverse_residual(operators: FloatArray, inverse_pairs: IntArray) -> float:
    """Mean of ‖G_a G_b − I‖ over the (k, 2) pairs of inverse actions."""
    a, b = inverse_pairs.T
    return _mean_norm(operators[a] @ operators[b] - np.eye(operators.shape[1]))


def commutator(operators: FloatArray, commuting_pairs: IntArray) -> float:
    """Mean of ‖G_a G_b − G_b G_a‖ over the (k, 2) pairs of commuting actions."""
    a, b = commuting_pairs.T
    return _mean_norm(operators[a] @ operators[b] - operators[b] @ operators[a])


def homomorphism_error(operators: FloatArray, products: IntArray) -> float:
    """Mean of ‖G_a G_b − G_c‖ over the (k, 3) actions of which c is "b first, then a"."""
    a, b, c = products.T
    return _mean_norm(operators[a] @ operators[b] - operators[c])


def _mean_norm(matrices: FloatArray) -> float:
    norms = np.linalg.norm(matrices, axis=(1, 2)) / np.sqrt(2 * matrices.shape[-1])
    return float(norms.mean()) if len(norms) else float("nan")
