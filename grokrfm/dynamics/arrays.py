"""Arrays of a run that figures draw."""

from __future__ import annotations

import numpy as np

from grokrfm.algebra.snapping import eigen_angles
from grokrfm.dynamics.horizon import errors_by_step, rollouts
from grokrfm.dynamics.view import View
from grokrfm.environments import Environment, Tabular
from grokrfm.environments.environment import Mask
from grokrfm.recovery.products import learned_products
from grokrfm.runs.learner import Arrays

STRIP = 50
"""Actions of the roll-outs that figures show."""

MOST_ELEMENTS = 150
"""Largest order of a group whose multiplication table is kept."""


def figure_arrays(environment: Environment, seen: Mask | None) -> Arrays:
    """Return the names of the actions and, where there is one, the table.

    action_names : (A,) str
    transitions : (S, A) int    next states
    seen : (S, A) bool          transitions that the training saw
    """
    arrays = {"action_names": np.array(environment.action_names)}
    if isinstance(environment, Tabular):
        table = environment.transitions
        arrays |= {
            "transitions": table,
            "seen": np.ones_like(table, dtype=bool) if seen is None else seen,
        }
    return arrays


def prediction_arrays(view: View, rng: np.random.Generator) -> Arrays:
    """Return what a trained module knows and predicts.

    latents : (S, n)             of all states
    matrices : (A, n, n)         of the actions
    plane_angles : (A, planes)   in radians, planes in lexicographic order
    eigen_angles : (A, ⌊n/2⌋)    in turns, from 0 to 1/2
    orders : (A,) int            of the actions as permutations of the states
    true_products, learned_products : (N, N) int   element g·h of the group of the actions, and the
                                 one that the matrices give (see grokrfm.recovery.products)
    predicted : (S, A) int       most probable next state
    strip_true, strip_predicted : (H + 1, …)   frames of one roll-out, in [0, 1]
    horizon_error : (H + 1,)     mean binary cross-entropy of roll-outs after each action
    """
    length = view.environment.horizon_limit or STRIP
    arrays = {
        **_of_the_group(view),
        "latents": view.latents,
        "matrices": view.matrices,
        "plane_angles": view.plane_angles,
        "predicted": None if view.predictions is None else view.predictions.argmax(axis=2),
        "horizon_error": errors_by_step(view.module, view.environment, length, rng),
    }
    true, predicted = rollouts(view.module, view.environment, 1, length, rng)
    if predicted is not None:
        arrays["strip_true"] = true[0].cpu().numpy().astype(np.float32)
        arrays["strip_predicted"] = predicted[0].sigmoid().cpu().numpy().astype(np.float32)
    return {name: array for name, array in arrays.items() if array is not None}


def _of_the_group(view: View) -> Arrays:
    """Return what the matrices have to do with the group of the actions."""
    if view.matrices is None:
        return {}
    arrays: dict[str, np.ndarray] = {"eigen_angles": eigen_angles(view.matrices)}
    if view.table is not None:
        action = view.table.action
        arrays["orders"] = action.orders
        if action.group.order <= MOST_ELEMENTS:
            arrays["true_products"] = action.group.table
            arrays["learned_products"] = learned_products(action, view.matrices)
    return arrays
