import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from grokrfm.checks import SettingError, setting_prefix
from grokrfm.tasks import Task, abelian, addition, division, multiplication, subtraction


class Written(NamedTuple):
    """A task beside its formulas as arXiv:2604.00316 prints them, on the elements themselves."""

    task: Task
    label: Callable
    rotation: Callable
    reflection: Callable
    partner: Callable  # Fix(sr^k) = {(a, partner(k, a))}
    compose: Callable


def written_addition(n):
    return Written(
        addition(n),
        label=lambda a, b: (a + b) % n,
        rotation=lambda k, a, b: ((a + k) % n, (b - k) % n),
        reflection=lambda k, a, b: ((b - k) % n, (a + k) % n),
        partner=lambda k, a: (a + k) % n,
        compose=lambda a, b: (a + b) % n,
    )


def written_subtraction(n):
    return Written(
        subtraction(n),
        label=lambda a, b: (a - b) % n,
        rotation=lambda k, a, b: ((a + k) % n, (b + k) % n),
        reflection=lambda k, a, b: ((-b - k) % n, (-a - k) % n),
        partner=lambda k, a: (-a - k) % n,
        compose=lambda a, b: (a + b) % n,
    )


def written_multiplication(m, allow_composite=False):
    return Written(
        multiplication(m, allow_composite),
        label=lambda a, b: a * b % m,
        rotation=lambda k, a, b: (a * k % m, b * pow(k, -1, m) % m),
        reflection=lambda k, a, b: (b * pow(k, -1, m) % m, a * k % m),
        partner=lambda k, a: a * k % m,
        compose=lambda a, b: a * b % m,
    )


def written_division(m, allow_composite=False):
    return Written(
        division(m, allow_composite),
        label=lambda a, b: a * pow(b, -1, m) % m,
        rotation=lambda k, a, b: (a * k % m, b * k % m),
        reflection=lambda k, a, b: (pow(b * k, -1, m), pow(a * k, -1, m)),
        partner=lambda k, a: pow(a * k, -1, m),
        compose=lambda a, b: a * b % m,
    )


def written_abelian(sizes):
    def plus(a, b):
        return tuple((u + v) % n for u, v, n in zip(a, b, sizes, strict=True))

    def minus(a, b):
        return tuple((u - v) % n for u, v, n in zip(a, b, sizes, strict=True))

    return Written(
        abelian(sizes),
        label=plus,
        rotation=lambda k, a, b: (plus(a, k), minus(b, k)),
        reflection=lambda k, a, b: (minus(b, k), plus(a, k)),
        partner=lambda k, a: plus(a, k),
        compose=plus,
    )


WRITTEN = [
    *(written_addition(n) for n in (2, 7, 8, 9)),
    *(written_subtraction(n) for n in (2, 7, 8, 9)),
    *(written_multiplication(p) for p in (3, 7, 11)),
    *(written_multiplication(m, allow_composite=True) for m in (4, 8, 15)),
    *(written_division(p) for p in (3, 7, 11)),
    *(written_division(m, allow_composite=True) for m in (4, 8, 15)),
    *(written_abelian(sizes) for sizes in ([6], [2, 3], [3, 3], [2, 1, 4])),
]
every_task = pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written.task.title)


def values_of_rows(task):
    """The pair of elements in each row of the table."""
    elements = task.group.elements
    return [(elements[a], elements[b]) for a, b in task.pairs]


def images_of_rows(task, symmetry):
    """The pair of elements to which a symmetry moves each row of the table."""
    pairs = values_of_rows(task)
    return [pairs[row] for row in task.row_permutation(symmetry)]


@every_task
def test_labels_are_those_of_plain_arithmetic(written):
    task = written.task
    found = [task.group.elements[label] for label in task.labels]
    assert found == [written.label(a, b) for a, b in values_of_rows(task)]


@every_task
def test_the_table_holds_every_pair_once_in_order(written):
    task = written.task
    n = task.order
    assert values_of_rows(task) == list(itertools.product(task.group.elements, repeat=2))
    assert [(a, b - n) for a, b in task.active.tolist()] == [tuple(pair) for pair in task.pairs]
    assert (task.width, task.classes) == (2 * n, n)


@every_task
def test_rotations_follow_the_printed_formula(written):
    task = written.task
    for index, k in enumerate(task.group.elements):
        expected = [written.rotation(k, a, b) for a, b in values_of_rows(task)]
        assert images_of_rows(task, task.rotation(index)) == expected


@every_task
def test_reflections_follow_the_printed_formula(written):
    task = written.task
    for index, k in enumerate(task.group.elements):
        expected = [written.reflection(k, a, b) for a, b in values_of_rows(task)]
        assert images_of_rows(task, task.reflection(index)) == expected


@every_task
def test_a_reflection_fixes_the_pairs_of_the_printed_formula(written):
    task = written.task
    pairs = values_of_rows(task)
    for index, k in enumerate(task.group.elements):
        images = images_of_rows(task, task.reflection(index))
        fixed = {pair for pair, image in zip(pairs, images, strict=True) if pair == image}
        assert fixed == {(a, written.partner(k, a)) for a in task.group.elements}
        assert len(fixed) == task.order


@every_task
def test_every_pair_is_fixed_by_exactly_one_reflection(written):
    task = written.task
    rows = np.arange(task.order**2)
    fixed = [task.row_permutation(task.reflection(k)) == rows for k in range(task.order)]
    assert (np.sum(fixed, axis=0) == 1).all()


@every_task
def test_no_rotation_but_the_identity_fixes_a_pair(written):
    task = written.task
    rows = np.arange(task.order**2)
    for k in range(task.order):
        fixed = task.row_permutation(task.rotation(k)) == rows
        assert fixed.all() if k == task.group.identity else not fixed.any()


@every_task
def test_rotations_and_reflections_leave_every_label_as_it_is(written):
    task = written.task
    for symmetry in task.symmetries():
        assert symmetry.preserves_labels
        assert (task.labels[task.row_permutation(symmetry)] == task.labels).all()


@every_task
def test_translations_move_every_label_as_they_say(written):
    task = written.task
    for g, h in itertools.product(range(task.order), repeat=2):
        symmetry = task.translation(g, h)
        moved = task.labels[task.row_permutation(symmetry)]
        assert (moved == symmetry.labels[task.labels]).all()


@every_task
def test_a_translation_multiplies_labels_by_both_its_elements(written):
    task = written.task
    elements = task.group.elements
    for g, h in itertools.product(range(task.order), repeat=2):
        shift = written.compose(elements[g], elements[h])
        found = [elements[label] for label in task.translation(g, h).labels]
        assert found == [written.compose(c, shift) for c in elements]


def test_the_common_shift_of_an_addition_moves_labels_by_two():
    task = addition(7)
    shift = task.translation(1, 1)
    assert images_of_rows(task, shift)[:2] == [(1, 1), (1, 2)]
    assert shift.labels.tolist() == [2, 3, 4, 5, 6, 0, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: multiplication(12, False),
            "task.modulus: 12 is not prime; multiplication uses the 4 units mod 12"
            " -- set task.allow_composite=true to mean that",
        ),
        (
            lambda: division(9, False),
            "task.modulus: 9 is not prime; division uses the 6 units mod 9"
            " -- set task.allow_composite=true to mean that",
        ),
        (lambda: addition(1), "task.modulus must be an integer of at least 2, got 1"),
        (lambda: addition(7.0), "task.modulus must be an integer of at least 2, got 7.0"),
        (lambda: subtraction(True), "task.modulus must be an integer of at least 2, got True"),
        (lambda: subtraction("7"), "task.modulus must be an integer of at least 2, got '7'"),
        (lambda: multiplication(2, False), "task.modulus must be an integer of at least 3, got 2"),
        (lambda: division(-7, True), "task.modulus must be an integer of at least 3, got -7"),
        (lambda: division(7, "no"), "task.allow_composite must be true or false, got 'no'"),
        (
            lambda: abelian([1, 1]),
            "task.sizes must describe a group of at least 2 elements, got [1, 1]",
        ),
        (lambda: abelian(5), "task.sizes must be a list of cyclic orders such as [5, 7], got 5"),
        (lambda: abelian([0, 3]), "task.sizes must be an integer of at least 1, got 0"),
    ],
)
def test_a_bad_size_is_refused_with_the_rule_and_the_remedy(make, message):
    with pytest.raises(SettingError) as refusal, setting_prefix("task"):
        make()
    assert str(refusal.value) == message
