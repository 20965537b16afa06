import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import fixed_points, generated_subgroup, orbits
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction

TASKS = [
    addition(9),
    addition(8),
    subtraction(6),
    multiplication(11, False),
    division(15, True),
    abelian([2, 5]),
]


@st.composite
def permutations_of_one_set(draw):
    size = draw(st.integers(1, 12))
    one = st.permutations(range(size)).map(np.array)
    return draw(st.lists(one, max_size=3)), size


def orbits_by_walking(permutations, size):
    number = [None] * size
    for point in range(size):
        if number[point] is None:
            orbit = max((n for n in number if n is not None), default=-1) + 1
            reached = [point]
            while reached:
                x = reached.pop()
                if number[x] is None:
                    number[x] = orbit
                    reached += [int(permutation[x]) for permutation in permutations]
    return number


@given(permutations_of_one_set())
def test_orbits_are_what_walking_reaches_numbered_by_their_smallest_point(given_set):
    permutations, size = given_set
    assert orbits(permutations, size).tolist() == orbits_by_walking(permutations, size)


def test_without_permutations_every_point_is_its_own_orbit():
    assert orbits([], 4).tolist() == [0, 1, 2, 3]


@given(st.integers(1, 12).flatmap(lambda size: st.permutations(range(size))))
def test_fixed_points_are_those_that_stay(images):
    expected = [image == point for point, image in enumerate(images)]
    assert fixed_points(np.array(images)).tolist() == expected


@given(st.sampled_from(TASKS), st.data())
def test_orbit_size_times_stabiliser_size_is_the_order_of_the_group(task, data):
    index = st.integers(0, task.order - 1)
    generators = [
        task.rotation(data.draw(index)),
        task.reflection(data.draw(index)),
        task.translation(data.draw(index), data.draw(index)),
    ][: data.draw(st.integers(1, 3))]
    subgroup = generated_subgroup(generators)
    rows = task.order**2
    actions = np.array([task.row_permutation(g) for g in subgroup])
    orbit = orbits([task.row_permutation(g) for g in generators], rows)

    orbit_size = np.bincount(orbit)[orbit]
    stabiliser_size = (actions == np.arange(rows)).sum(axis=0)
    assert (orbit_size * stabiliser_size == len(subgroup)).all()
    for image in actions:
        assert (orbit[image] == orbit).all()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_the_orbits_of_all_symmetries_are_the_label_classes(task):
    orbit = orbits([task.row_permutation(g) for g in task.symmetries()], task.order**2)
    same_orbit = orbit[:, None] == orbit
    same_label = task.labels[:, None] == task.labels
    assert (same_orbit == same_label).all()


@pytest.mark.parametrize("n", [7, 8, 12])
def test_a_rotation_generates_its_powers(n):
    task = addition(n)
    for k in range(n):
        assert len(generated_subgroup([task.rotation(k)])) == n // math.gcd(n, k)


@pytest.mark.parametrize("n", [7, 8, 12])
def test_two_reflections_generate_the_dihedral_group_of_their_difference(n):
    task = addition(n)
    for k in range(n):
        pair = [task.reflection(1), task.reflection((1 + k) % n)]
        assert len(generated_subgroup(pair)) == 2 * n // math.gcd(n, k)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_the_reflections_generate_all_symmetries(task):
    reflections = [task.reflection(k) for k in range(task.order)]
    found = {g.key for g in generated_subgroup(reflections)}
    assert found == {g.key for g in task.symmetries()}


def test_label_permuting_symmetries_count_as_they_act():
    assert len(generated_subgroup([addition(9).translation(1, 0)])) == 9
    assert len(generated_subgroup([addition(9).translation(1, 0), addition(9).rotation(1)])) == 81


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_a_generated_subgroup_starts_with_the_identity_and_is_closed(task):
    subgroup = generated_subgroup([task.rotation(1), task.reflection(0), task.translation(1, 1)])
    keys = [g.key for g in subgroup]
    assert (subgroup[0].coordinates == np.arange(task.width)).all()
    assert (subgroup[0].labels == np.arange(task.classes)).all()
    assert len(set(keys)) == len(keys)
    assert {(g @ h).key for g in subgroup for h in subgroup} == set(keys)
