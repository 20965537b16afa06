"""Score of a model of transitions, the same for every kind of model."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.group_action import GroupAction
from grokrfm.recovery.accuracy import right, share
from grokrfm.recovery.generated import by_maps, by_matrices
from grokrfm.recovery.invariance import feature_invariance
from grokrfm.recovery.operators import (
    commutator,
    homomorphism_error,
    inverse_residual,
    map_operators,
    order_residual,
    prediction_operators,
)
from grokrfm.recovery.verdict import verdict_on

Number = float | int | str | None
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_ELEMENTS = 400
"""Limit on the order of a closure; four times that of the group where that is more."""

MOST_RELATIONS = 100
"""Limit on the pairs or products of a mean, which are a fixed random choice where there are more.

A table of 60 × 60 products has 3600; the mean over 100 of them is known to a tenth of their spread.
"""


def score(
    action: GroupAction,
    seen: NDArray[np.bool_],
    operators: FloatArray | None,
    predictions: FloatArray,
    features: FloatArray,
) -> dict[str, Number]:
    """Return what a model has learned of a table of transitions, as numbers by name.

    Parameters
    ----------
    seen : (S, A) bool        transitions that the model was trained on
    operators : (A, n, n)     z' = G_a z; None for a model that has none: the maps from a state to
                              the most probable next one take their place, since its Â_a would not
                              do (products of distributions blur, however right each is)
    predictions : (S, A, S)   predicted distribution of the next state
    features : (S, S)         see `feature_invariance`
    """
    correct = right(predictions, action.permutations.T)
    most = max(MOST_ELEMENTS, 4 * action.group.order)
    if operators is None:
        maps = predictions.argmax(axis=2).T
        operators, generated = map_operators(maps), by_maps(maps, most)
    else:
        generated = by_matrices(operators, most)
    products = _some(action.products)
    return {
        "seen_accuracy": share(correct[seen]),
        "held_out_accuracy": share(correct[~seen]),
        "feature_invariance": feature_invariance(action, features),
        "order_residual": order_residual(operators, action.orders),
        "inverse_residual": inverse_residual(operators, _some(action.inverse_pairs)),
        "commutator": commutator(operators, _some(action.commuting_pairs)),
        "homomorphism_error": homomorphism_error(operators, products),
        "prediction_homomorphism": homomorphism_error(prediction_operators(predictions), products),
        **asdict(verdict_on(action, generated, fitted=bool(correct[seen].all()))),
    }


def _some(relations: IntArray) -> IntArray:
    """At most MOST_RELATIONS rows, the same at every call."""
    if len(relations) <= MOST_RELATIONS:
        return relations
    return relations[np.random.default_rng(0).choice(len(relations), MOST_RELATIONS, replace=False)]
