"""Arrays of a run that figures draw."""

from __future__ import annotations

import numpy as np

from grokrfm.dynamics.horizon import errors_by_step, rollouts
from grokrfm.dynamics.view import View
from grokrfm.environments import Environment, Tabular
from grokrfm.environments.environment import Mask
from grokrfm.runs.learner import Arrays

STRIP = 50
"""Actions of the roll-outs that figures show."""


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
    predicted : (S, A) int       most probable next state
    strip_true, strip_predicted : (H + 1, …)   frames of one roll-out, in [0, 1]
    horizon_error : (H + 1,)     mean binary cross-entropy of roll-outs after each action
    """
    length = view.environment.horizon_limit or STRIP
    arrays = {
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
