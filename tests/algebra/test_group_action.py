import itertools

import numpy as np
import pytest

from grokrfm.algebra import alternating, cyclic, dihedral, product, quaternion
from grokrfm.algebra.group_action import GroupAction
from grokrfm.environments.gridworld import torus

ACTIONS = {
    "all of Z7": cyclic(7).table,
    "all of Q8": quaternion().table,
    "all of A4": alternating(4).table,
    "D4, one element twice": dihedral(4).table[[1, 4, 4, 2, 0]],
    "part of Z2 x Z6": product([2, 6]).table[[1, 6, 3, 2]],
    "grid": torus(3).T,
    "not regular": np.array([[1, 2, 0, 3], [0, 1, 3, 2], [1, 0, 3, 2]]),
}
each_action = pytest.mark.parametrize("permutations", ACTIONS.values(), ids=ACTIONS)


def after(p, q):
    """Permutation "q first, then p", point by point."""
    return [p[q[s]] for s in range(len(p))]


def powers(p):
    """All powers of a permutation, the identity last."""
    found = [list(p)]
    while found[-1] != sorted(p):
        found.append(after(p, found[-1]))
    return found


@each_action
def test_relations_are_those_found_state_by_state(permutations):
    action = GroupAction(permutations)
    lists = permutations.tolist()
    places, identity = range(len(lists)), sorted(lists[0])
    pairs = list(itertools.combinations(places, 2))
    commuting = [(a, b) for a, b in pairs if after(lists[a], lists[b]) == after(lists[b], lists[a])]
    assert action.orders.tolist() == [len(powers(p)) for p in lists]
    assert [tuple(pair) for pair in action.commuting_pairs] == commuting
    assert [tuple(pair) for pair in action.independent_pairs] == [
        (a, b)
        for a, b in commuting
        if [p for p in powers(lists[a]) if p in powers(lists[b])] == [identity]
    ]
    assert [tuple(pair) for pair in action.inverse_pairs] == [
        (a, b) for a in places for b in places if a <= b and after(lists[a], lists[b]) == identity
    ]
    assert [tuple(triple) for triple in action.products] == [
        (a, b, c)
        for a in places
        for b in places
        for c in places
        if after(lists[a], lists[b]) == lists[c]
    ]


@each_action
def test_generators_are_the_actions_as_elements_of_the_group(permutations):
    action = GroupAction(permutations)
    images = [action.group.elements[g] for g in action.generators]
    assert images == [tuple(p) for p in permutations.tolist()]
