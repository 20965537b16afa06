"""Environments with a table: permutations, walks that follow them, and the groups they generate."""

import itertools

import numpy as np
import pytest
import torch

from grokrfm.algebra import alternating, cyclic, dihedral, quaternion, symmetric
from grokrfm.checks import SettingError
from grokrfm.environments import flatland, gridworld, group_action
from tests.environments import naive

TURN, SWAP = [1, 2, 3, 4, 0], [1, 0, 3, 2, 4]  # a 5-cycle and a double transposition
QUARTER, SWITCH = [1, 2, 3, 0], [1, 0, 2, 3]


def icosahedron(inverses=True):
    return group_action(alternating(5), [TURN, SWAP], inverses, "cosets", [TURN])


TABULAR = {
    "gridworld": gridworld(5),
    "flatland": flatland(5, "random", "exact"),
    "flatland at the centre": flatland(5, "centre", "exact"),
    "D5": group_action(dihedral(5), ["r1", "sr0"], True, "regular", []),
    "whole Q8": group_action(quaternion(), "all", False, "regular", []),
    "A5": icosahedron(),
    "S4": group_action(symmetric(4), [QUARTER, SWITCH], True, "cosets", [QUARTER]),
}
each = pytest.mark.parametrize("environment", TABULAR.values(), ids=TABULAR)


@each
def test_every_action_is_a_permutation_of_the_states(environment):
    ordered = np.sort(environment.transitions, axis=0)
    assert (ordered == np.arange(environment.states)[:, None]).all()
    assert environment.transitions.shape == (environment.states, len(environment.action_names))


@each
def test_a_walk_follows_the_table_and_is_drawn_from_its_generator(environment):
    walk, again = (environment.walk(np.random.default_rng(4), 30, 7) for _ in range(2))
    assert walk.states.shape == (30, 8)
    assert walk.valid is None
    assert (environment.transitions[walk.states[:, :-1], walk.actions] == walk.states[:, 1:]).all()
    assert set(walk.states[:, 0]) <= set(environment.starts)
    assert np.array_equal(walk.states, again.states)
    assert np.array_equal(walk.actions, again.actions)
    other = environment.walk(np.random.default_rng(5), 30, 7)
    assert not np.array_equal(walk.actions, other.actions)


@each
def test_a_walk_takes_no_transition_that_is_held_out(environment):
    rng = np.random.default_rng(1)
    seen = rng.random(environment.transitions.shape) < 0.4
    walk = environment.walk(rng, 400, 6, 0.0, seen)
    alive = np.ones_like(walk.states, dtype=bool) if walk.valid is None else walk.valid
    taken = walk.states[:, :-1], walk.actions
    assert seen[taken][alive[:, 1:]].all()
    assert (environment.transitions[taken] == walk.states[:, 1:])[alive[:, 1:]].all()
    stuck = ~seen.any(axis=1)
    assert (alive[:, 1:] == (alive[:, :-1] & ~stuck[walk.states[:, :-1]])).all()


def test_an_episode_ends_in_a_state_without_transitions():
    environment = gridworld(3)
    seen = np.ones_like(environment.transitions, dtype=bool)
    seen[4] = False
    walk = environment.walk(np.random.default_rng(0), 200, 5, 0.0, seen)
    ended = (walk.states[:, :-1] == 4).cumsum(axis=1) > 0
    assert walk.valid[:, 0].all()
    assert (walk.valid[:, 1:] == ~ended).all()
    assert 0 < ended.mean() < 1


def test_allowed_actions_are_equally_likely():
    environment = gridworld(2)
    seen = np.ones_like(environment.transitions, dtype=bool)
    seen[:, 1] = False
    walk = environment.walk(np.random.default_rng(0), 4000, 3, 0.0, seen)
    shares = np.bincount(walk.actions.ravel(), minlength=4) / walk.actions.size
    assert shares == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3], abs=0.02)


@pytest.mark.parametrize("size", [2, 5, 10])
def test_the_grid_world_is_that_of_a_loop(size):
    world, environment = naive.GridWorld(size), gridworld(size)
    walk = environment.walk(np.random.default_rng(2), 20, 9)
    seen = environment.render(torch.as_tensor(walk.states)).numpy()
    for states, actions, frames in zip(walk.states, walk.actions, seen, strict=True):
        expected = naive.episode(world, states[0], actions)
        assert expected == states.tolist()
        assert np.array_equal(frames, [world.picture(state) for state in expected])


def test_cosets_are_those_of_a_loop():
    environment = icosahedron(inverses=False)
    world = naive.Cosets([tuple(TURN), tuple(SWAP)])
    coset = {0: naive.powers(TURN)}  # state → set of permutations, found from H on
    for _ in range(12):
        for s, a in itertools.product(tuple(coset), range(2)):
            coset.setdefault(int(environment.transitions[s, a]), world.step(coset[s], a))
    assert len(set(coset.values())) == 12
    walk = environment.walk(np.random.default_rng(3), 60, 30)
    for states, actions in zip(walk.states.tolist(), walk.actions, strict=True):
        assert naive.episode(world, coset[states[0]], actions) == [coset[s] for s in states]


def test_the_regular_action_is_right_multiplication():
    group = dihedral(5)
    environment = group_action(group, ["r2", "sr1"], False, "regular", [])
    for s, (a, name) in itertools.product(range(10), enumerate(["r2", "sr1"])):
        assert environment.transitions[s, a] == group.table[s, group.index(name)]
    assert environment.action_names == ("r2", "sr1")
    assert environment.multiplication is None


def test_the_whole_table_of_products_is_known_as_one():
    group = quaternion()
    environment = group_action(group, "all", False, "regular", [])
    assert environment.multiplication is group
    assert np.array_equal(environment.transitions, group.table)


def test_inverses_are_added_once():
    environment = group_action(dihedral(5), ["r1", "sr0"], True, "regular", [])
    assert environment.action_names == ("r1", "r4", "sr0")


@pytest.mark.parametrize(
    ("name", "states", "order", "latent"),
    [
        ("gridworld", 25, 25, 4),
        ("flatland", 25, 25, 4),
        ("D5", 10, 10, 3),
        ("whole Q8", 8, 8, 4),
        ("A5", 12, 60, 3),
        ("S4", 6, 24, 3),
    ],
)
def test_the_group_that_the_actions_generate(name, states, order, latent):
    environment = TABULAR[name]
    assert environment.states == states
    assert environment.action.group.order == order
    assert environment.smallest_latent == latent
    for action, element in enumerate(environment.action.generators):
        images = environment.action.group.elements[element]
        assert list(images) == environment.transitions[:, action].tolist()


def test_actions_that_do_not_reach_every_state_are_refused():
    with pytest.raises(SettingError, match=r"generators: do not act transitively.*add generators"):
        group_action(dihedral(5), ["r1"], True, "regular", [])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: group_action(dihedral(5), ["r7"], True, "regular", []), "generators: .*r7"),
        (lambda: group_action(dihedral(5), "some", True, "regular", []), "generators must be all"),
        (lambda: group_action(dihedral(5), [], True, "regular", []), "generators must be all"),
        (lambda: group_action(dihedral(5), ["r1"], 1, "regular", []), "inverses must be true"),
        (lambda: group_action(dihedral(5), "all", True, "left", []), "action must be one of"),
        (lambda: group_action(dihedral(5), "all", True, "cosets", ["t"]), "subgroup: .*'?t'?"),
        (lambda: group_action(dihedral(5), "all", True, "cosets", "r1"), "subgroup must be a list"),
        (lambda: group_action(cyclic(5), "all", True, "cosets", [1]), "subgroup: generates all of"),
        (lambda: group_action(cyclic(5), "all", True, "regular", [1]), "subgroup: is used by"),
        (lambda: group_action(cyclic(1), "all", True, "regular", []), "group: has 1 states"),
        (lambda: gridworld(1), "size must be an integer of at least 2"),
        (lambda: gridworld(41), "size must be at most 40"),
        (lambda: flatland(1, "random", "exact"), "size must be an integer of at least 2"),
        (lambda: flatland(34, "random", "exact"), "size must be at most 33"),
        (lambda: flatland(4, "centre", "exact"), "start: .*odd size, got size 4; set start=random"),
        (lambda: flatland(5, "corner", "exact"), "start must be one of random, centre"),
        (lambda: flatland(5, "random", "real"), "physics must be one of exact, legacy"),
    ],
)
def test_bad_settings_are_refused_by_name(make, message):
    with pytest.raises(SettingError, match=f"^{message}"):
        make()
