"""Eigen-angles of the learned matrices, which depend on no basis."""

from __future__ import annotations

import numpy as np

from grokrfm.algebra.snapping import eigen_angles as angles_of
from grokrfm.dynamics.view import View
from grokrfm.runs.record import Number


def eigen_angles(view: View) -> dict[str, Number]:
    """Largest eigen-angle of every action in turns, and the largest error of any.

    The error is the distance to the nearest multiple of 1/k, with k the order of the action as a
    permutation of the states.
    """
    if view.matrices is None:
        return {}
    found = angles_of(view.matrices)
    numbers: dict[str, Number] = {
        f"eigen_angle_{a}": float(largest) for a, largest in enumerate(found.max(axis=1))
    }
    if view.table is not None:
        orders = view.table.action.orders[:, None]
        errors = np.abs(found - np.round(found * orders) / orders)
        numbers["eigen_angle_error"] = float(errors.max())
    return numbers
