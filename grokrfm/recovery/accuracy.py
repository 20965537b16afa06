"""Accuracy of predicted transitions, on those seen and those held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def right(predictions: NDArray[np.float64], transitions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(S, A) True where the true next state is more probable than every other.

    Parameters
    ----------
    predictions : (S, A, S)   predicted distribution of the next state
    transitions : (S, A)      next state
    """
    true = transitions[..., None]
    of_true = np.take_along_axis(predictions, true, axis=2)[..., 0]
    others = predictions.copy()
    np.put_along_axis(others, true, -np.inf, axis=2)
    return of_true > others.max(axis=2)


def share(of: NDArray[np.bool_]) -> float:
    """Return the share of True; NaN of nothing."""
    return float(of.mean()) if of.size else float("nan")
