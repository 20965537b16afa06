"""The residuals, the accuracies and the invariance against plain loops."""

import numpy as np
import pytest

from grokrfm.algebra import dihedral, quaternion
from grokrfm.algebra.group_action import GroupAction
from grokrfm.recovery import feature_invariance, score
from grokrfm.recovery.accuracy import right
from grokrfm.recovery.operators import (
    commutator,
    homomorphism_error,
    inverse_residual,
    map_operators,
    order_residual,
    prediction_operators,
)

RNG = np.random.default_rng(0)
ACTION = GroupAction(dihedral(4).table[[0, 1, 3, 4, 6, 2]])
G = RNG.normal(size=(6, 3, 3))
PREDICTIONS = RNG.dirichlet(np.ones(8), size=(8, 6))


def distance(X, Y):
    n = len(X)
    return sum((X[i, j] - Y[i, j]) ** 2 for i in range(n) for j in range(n)) ** 0.5 / (2 * n) ** 0.5


def naive_order_residual():
    found = []
    for a, order in enumerate(ACTION.orders):
        power = np.eye(3)
        for _ in range(order):
            power = G[a] @ power
        found.append(distance(power, np.eye(3)))
    return np.mean(found)


def test_residuals_are_those_of_plain_loops():
    pairs, products = ACTION.commuting_pairs, ACTION.products
    assert min(len(pairs), len(products), len(ACTION.inverse_pairs)) > 3
    assert order_residual(G, ACTION.orders) == pytest.approx(naive_order_residual())
    assert inverse_residual(G, ACTION.inverse_pairs) == pytest.approx(
        np.mean([distance(G[a] @ G[b], np.eye(3)) for a, b in ACTION.inverse_pairs])
    )
    assert commutator(G, pairs) == pytest.approx(
        np.mean([distance(G[a] @ G[b], G[b] @ G[a]) for a, b in pairs])
    )
    assert homomorphism_error(G, products) == pytest.approx(
        np.mean([distance(G[a] @ G[b], G[c]) for a, b, c in products])
    )


def test_a_residual_of_no_relation_is_not_a_number():
    alone = GroupAction(np.array([[1, 2, 0]]))
    assert np.isnan(commutator(G[:1], alone.commuting_pairs))
    assert np.isnan(inverse_residual(G[:1], alone.inverse_pairs))
    assert np.isnan(homomorphism_error(G[:1], alone.products))


def test_operators_of_maps_and_predictions_move_distributions_as_the_actions_follow_each_other():
    group = quaternion()
    maps = map_operators(group.table)  # state s under action a: a·s
    assert (maps == prediction_operators(np.eye(8)[group.table.T])).all()
    a, b, state = 2, 4, 3
    moved = maps[a] @ maps[b] @ np.eye(8)[state]
    assert moved.argmax() == group.table[a, group.table[b, state]]
    operators = prediction_operators(PREDICTIONS)
    for a in range(6):
        for s in range(8):
            assert (operators[a] @ np.eye(8)[s] == PREDICTIONS[s, a]).all()


def test_a_transition_is_right_if_it_is_more_probable_than_every_other():
    predictions = np.array([[[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], [[0.1, 0.1, 0.8], [1, 0, 0]]])
    found = right(predictions, np.array([[1, 0], [0, 0]]))
    assert found.tolist() == [[True, False], [False, True]]


def test_invariance_is_the_mean_over_the_actions():
    K = RNG.normal(size=(8, 8))
    found = []
    for g in ACTION.permutations:
        P = np.zeros((8, 8))
        for s in range(8):
            P[g[s], s] = 1
        found.append(np.linalg.norm(P @ K @ P.T - K) / np.linalg.norm(K))
    assert feature_invariance(ACTION, K) == pytest.approx(np.mean(found))
    assert feature_invariance(ACTION, np.eye(8)) == 0
    assert np.isnan(feature_invariance(ACTION, np.zeros((8, 8))))


def test_accuracies_of_seen_and_held_out_transitions():
    transitions = ACTION.permutations.T
    predictions = np.eye(8)[transitions]
    predictions[2, 3] = np.eye(8)[(transitions[2, 3] + 1) % 8]
    seen = np.ones((8, 6), dtype=bool)
    seen[2, :4] = False

    def scored(seen):
        found = score(ACTION, seen, G, predictions, np.eye(8))
        return found["seen_accuracy"], found["held_out_accuracy"], found["verdict"]

    assert scored(seen) == (1, 0.75, "fits")
    assert scored(~seen) == (0.75, 1, "not_fitted")
    seen_all = scored(np.ones_like(seen))
    assert seen_all[0] == pytest.approx(47 / 48)
    assert np.isnan(seen_all[1])
