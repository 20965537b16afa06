import time

import numpy as np
import pytest
from scipy.stats import special_ortho_group

from grokrfm.algebra import alternating, dihedral, product
from grokrfm.algebra.group_action import GroupAction
from grokrfm.recovery import score
from tests import exact
from tests.recovery.cases import CASES, DOUBLE, Case, by_multiplication

NAMES = {
    *("seen_accuracy", "held_out_accuracy", "feature_invariance", "order_residual"),
    *("inverse_residual", "commutator", "homomorphism_error", "prediction_homomorphism"),
    *("closure_order", "group_order", "cover_index", "verdict", "group_name"),
}


def scored(case, operators):
    states = case.action.permutations.shape[1]
    seen = np.ones(case.predictions.shape[:2], dtype=bool)
    return score(case.action, seen, operators, case.predictions, np.eye(states))


@pytest.mark.parametrize("name", CASES)
def test_exact_matrices_have_recovered_their_group(name):
    case = CASES[name]
    learned = exact.perturbed(exact.conjugated(case.operators, seed=1), 1e-3, seed=2)
    for operators, error in ((case.operators, 1e-9), (learned, 0.02)):
        found = scored(case, operators)
        assert set(found) == NAMES
        assert (found["verdict"], found["group_name"]) == ("recovered", name)
        assert found["closure_order"] == found["group_order"] == case.action.group.order
        assert found["seen_accuracy"] == found["cover_index"] == 1
        for residual in ("order_residual", "inverse_residual", "commutator"):
            assert np.isnan(found[residual]) or found[residual] < error


@pytest.mark.parametrize("name", CASES)
def test_the_maps_of_right_predictions_have_recovered_the_group(name):
    case = CASES[name]
    found = scored(case, None)
    assert (found["verdict"], found["group_name"]) == ("recovered", name)


def test_a_half_turn_too_little_per_step_is_a_double_cover():
    found = scored(DOUBLE, DOUBLE.operators)
    assert found["verdict"] == "cover"
    assert (found["closure_order"], found["group_order"], found["cover_index"]) == (18, 9, 2)
    assert found["group_name"] == "C3 x C6"
    assert found["order_residual"] > 0.3


def test_random_rotations_only_fit():
    case = CASES["C5 x C5"]
    for seed in range(5):
        rotations = special_ortho_group.rvs(4, size=4, random_state=seed)
        found = scored(case, rotations)
        assert found["verdict"] == "fits"
        assert (found["closure_order"], found["cover_index"], found["group_name"]) == (0, 0, None)


def test_the_right_group_with_operators_exchanged_only_fits():
    case = CASES["D5"]
    found = scored(case, case.operators[::-1])
    assert (found["verdict"], found["closure_order"], found["group_name"]) == ("fits", 10, "D5")


def test_a_quotient_of_the_group_only_fits():
    found = scored(CASES["Q8"], np.stack([np.eye(4)] * 2))
    assert (found["verdict"], found["closure_order"], found["cover_index"]) == ("fits", 1, 1 / 8)


def test_nothing_is_recovered_while_a_seen_transition_is_wrong():
    case = CASES["A5"]
    predictions = case.predictions
    predictions[3, 1] = predictions[4, 1]
    for seen in (np.ones((12, 2), dtype=bool), np.arange(24).reshape(12, 2) != 7):
        found = score(case.action, seen, case.operators, predictions, np.eye(12))
        assert found["verdict"] == ("not_fitted" if seen.all() else "recovered")
        assert (found["closure_order"], found["group_name"]) == (60, "A5")
        maps = score(case.action, seen, None, predictions, np.eye(12))
        assert maps["verdict"] == ("not_fitted" if seen.all() else "fits")
        assert (maps["closure_order"], maps["group_name"]) == (0, None)


@pytest.mark.parametrize("value", [np.nan, 0.0, 2.0])
def test_operators_that_are_not_orthogonal_close_to_nothing(value):
    operators = CASES["D5"].operators.copy()
    operators[1] *= value
    assert scored(CASES["D5"], operators)["closure_order"] == 0


@pytest.mark.parametrize("sizes", [[3, 4], [12, 12]])
def test_one_wrong_transition_is_noticed_among_any_number_of_states(sizes):
    # the matrix of the wrong map is at a distance of 1/√S to the right one, or 2/√(2S) if two
    # transitions are exchanged: a closure of matrices would merge them above 70 or 140 states
    action = by_multiplication(product(sizes), [(1, 0), (0, 1), (1, 1)])
    states = action.permutations.shape[1]
    seen = np.ones((states, 3), dtype=bool)
    seen[:2, 2] = False
    for images in ([0, 1], [0, 0], [1, 0]):
        maps = action.permutations.copy()
        maps[2, :2] = maps[2, images]
        found = score(action, seen, None, np.eye(states)[maps.T], np.eye(states))
        assert found["verdict"] == ("recovered" if images == [0, 1] else "fits")


@pytest.mark.parametrize("group", [alternating(5), dihedral(30)], ids=lambda group: group.name)
def test_all_elements_of_a_group_of_sixty_take_no_second(group):
    case = Case(GroupAction(group.table), np.eye(60)[group.table].mT)
    scored(case, None)  # the relations of a table are found once
    for operators in (None, case.operators, special_ortho_group.rvs(4, 60, random_state=0)):
        started = time.perf_counter()
        found = scored(case, operators)
        assert time.perf_counter() - started < 1
        assert (found["verdict"] == "recovered") == (np.shape(operators) != (60, 4, 4))


def test_maps_that_join_two_states_close_to_nothing():
    case = CASES["S3"]
    predictions = case.predictions.copy()
    predictions[0, 0] = predictions[1, 0]  # the first action takes states 0 and 1 to one state
    seen = np.ones(predictions.shape[:2], dtype=bool)
    seen[0, 0] = False
    found = score(case.action, seen, None, predictions, np.eye(len(predictions)))
    assert (found["verdict"], found["closure_order"], found["group_name"]) == ("fits", 0, None)
