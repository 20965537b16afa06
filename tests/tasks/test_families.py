"""Properties of the symmetries of every family of tasks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from grokrfm import tasks
from grokrfm.algebra import (
    alternating,
    cyclic,
    dihedral,
    fixed_points,
    generated_subgroup,
    orbits,
    product,
    quaternion,
    symmetric,
)
from grokrfm.algebra.discover import discover
from grokrfm.checks import SettingError
from tests.families import every_task, moves_labels_as_it_says, named, tasks_with_generators


@given(every_task)
@settings(deadline=None)
def test_every_claimed_symmetry_moves_labels_as_it_says(task):
    for family in named(task):
        for symmetry in family:
            assert moves_labels_as_it_says(task, symmetry)
            assert symmetry.preserves_labels or not family.preserves_labels


@given(every_task)
@settings(deadline=None)
def test_the_symmetries_of_a_task_preserve_labels_and_hold_the_identity_once(task):
    keys = [g.key for g in task.symmetries()]
    identities = [g for g in task.symmetries() if fixed_points(g.coordinates).all()]
    assert len(set(keys)) == len(keys)
    assert len(identities) == 1
    assert all(g.preserves_labels for g in task.symmetries())


@given(tasks_with_generators())
@settings(deadline=None)
def test_orbits_stabilisers_and_burnside_agree(given_task):
    task, generators = given_task
    subgroup = generated_subgroup(generators)
    actions = task.row_permutations(subgroup)
    orbit = orbits([task.row_permutation(g) for g in generators], len(task.labels))
    stays = actions == np.arange(len(task.labels))
    assert (np.bincount(orbit)[orbit] * stays.sum(axis=0) == len(subgroup)).all()
    assert stays.sum() == len(subgroup) * (orbit.max() + 1)  # Burnside


@given(tasks_with_generators())
@settings(deadline=None)
def test_the_permutation_representation_is_a_homomorphism_on_every_task(given_task):
    _, generators = given_task
    g, h = generators[0], generators[-1]
    assert ((g @ h).permutation_matrix() == g.permutation_matrix() @ h.permutation_matrix()).all()


@pytest.mark.parametrize(
    "group", [symmetric(3), dihedral(4), quaternion(), alternating(4)], ids=lambda g: g.name
)
def test_a_non_abelian_product_has_the_rotations_only_and_they_fix_nothing(group):
    task = tasks.cayley(group)
    assert len(task.symmetries()) == discover(task.labels.reshape(group.order, -1)).order
    assert len(task.symmetries()) == group.order
    for k, (x, rotation) in enumerate(
        zip(range(group.order), task.families["rotation"], strict=True)
    ):
        pairs = task.pairs[task.row_permutation(rotation)]
        expected = [(group.table[a, x], group.table[group.inverses[x], b]) for a, b in task.pairs]
        assert (pairs == expected).all()
        assert k == group.identity or not fixed_points(task.row_permutation(rotation)).any()
    with pytest.raises(SettingError, match=r"reflection: a·b in .* has no reflection"):
        task.reflection(0)


@pytest.mark.parametrize("group", [cyclic(7), cyclic(8), product([2, 4])], ids=lambda g: g.name)
def test_the_symmetries_of_an_abelian_product_are_all_there_are(group):
    task = tasks.cayley(group)
    assert len(task.symmetries()) == 2 * group.order
    assert discover(task.labels.reshape(group.order, -1)).order == 2 * group.order


def brute_force(labels):
    n = len(labels)
    pairs = list(itertools.product(itertools.permutations(range(n)), repeat=2))
    return sum((labels[np.ix_(p, q)] == labels).all() for p, q in pairs) + sum(
        (labels[np.ix_(p, q)] == labels.T).all() for p, q in pairs
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_discover_counts_what_trying_all_permutations_counts(seed, classes):
    labels = np.random.default_rng(seed).integers(classes, size=(4, 4))
    if seed % 2:
        labels = np.minimum(labels, labels.T)  # as good as certain to be symmetric
    found = discover(labels)
    assert found.order == brute_force(labels)
    edges = np.full((8, 8), -1)
    edges[:4, 4:], edges[4:, :4] = labels, labels.T
    for g in found.generators:
        assert (edges[np.ix_(g, g)] == edges).all()


def values(task):
    elements = task.group.elements
    return [(elements[a], elements[b]) for a, b in task.pairs]


@pytest.mark.parametrize("group", [symmetric(3), dihedral(4), quaternion()], ids=lambda g: g.name)
@pytest.mark.parametrize(
    ("word", "factors"),
    [("aba^-1", ["a", "b", "A"]), ("a^2 b", ["a", "a", "b"]), ("b^-2aB", None), ("ab", ["a", "b"])],
)
def test_a_word_is_the_product_of_its_letters(group, word, factors):
    if factors is None:
        with pytest.raises(SettingError, match="is invalid from 'B' on"):
            tasks.word(group, word)
        return
    task = tasks.word(group, word)
    for (a, b), label in zip(task.pairs, task.labels, strict=True):
        letters = {"a": a, "b": b, "A": group.inverses[a]}
        expected = group.identity
        for factor in factors:
            expected = group.table[expected, letters[factor]]
        assert label == expected


@pytest.mark.parametrize(
    "word", ["", "a", "a^0b", "abc", "a^b", "a^", 5, None, "ab" * 51, "b^1.5a"]
)
def test_what_is_no_word_in_both_letters_is_refused(word):
    with pytest.raises(SettingError, match=r"^word"):
        tasks.word(symmetric(3), word)


def test_multiplication_with_zero_reflects_by_units_only():
    task = tasks.multiplication_with_zero(7)
    assert [task.group.elements[c] for c in task.labels] == [a * b % 7 for a, b in values(task)]
    fixed = fixed_points(task.row_permutation(task.reflection(3)))
    assert {pair for pair, stays in zip(values(task), fixed, strict=True) if stays} == {
        (a, 3 * a % 7) for a in range(7)
    }
    with pytest.raises(SettingError, match=r"reflection: .* has no reflection by 0"):
        task.reflection(0)


def test_division_if_odd_divides_by_the_odd_and_subtracts_the_even():
    task = tasks.division_if_odd(7)
    for (a, b), label in zip(values(task), task.labels, strict=True):
        assert label == (a * pow(b, -1, 7) if b % 2 else a - b) % 7


def test_two_tasks_share_operands_and_are_told_apart_by_a_bit():
    task = tasks.two_tasks(tasks.addition(5), tasks.multiplication_with_zero(5))
    assert (task.width, task.classes, len(task.labels)) == (12, 5, 50)
    for (a, second, bit), label in zip(task.active, task.labels, strict=True):
        b = second - 5
        assert label == (a + b if bit == 10 else a * b) % 5
    assert len(task.symmetries()) == 2
    with pytest.raises(SettingError, match="second must have the operands of the first"):
        tasks.two_tasks(tasks.addition(5), tasks.addition(7))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ({"rotation": 3}, "r^3"),
        ({"reflection": 0}, "sr^0"),
        ({"translation": [1, 2]}, "t^(1,2)"),
        ("inversion", "i"),
    ],
)
def test_a_symmetry_is_found_as_a_user_writes_it(written, name):
    assert tasks.addition(7).symmetry(written).name == name


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"rotatio": 3}, "has no rotatio; did you mean rotation?"),
        ({"rotation": 7}, "7 is not an element of Z7"),
        ({"translation": 3}, "translation takes 2 elements, got 3"),
        ({"inversion": 3}, "inversion takes no element, got 3"),
        (5, "5 is not a symmetry; one is written {rotation: 6}"),
        ({"rotation": 1, "reflection": 2}, "is not a symmetry"),
    ],
)
def test_what_is_no_symmetry_is_refused_with_what_is(written, message):
    with pytest.raises(ValueError) as refusal:
        tasks.addition(7).symmetry(written)
    assert message in str(refusal.value)
