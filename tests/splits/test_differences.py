import numpy as np
import pytest

from grokrfm.algebra import fixed_points
from grokrfm.checks import SettingError
from grokrfm.splits import Differences, FixedPoints, Orbits, translations
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction

TASKS = [
    addition(9),
    addition(8),
    subtraction(8),
    multiplication(11, False),
    division(7, False),
    abelian([3, 5]),
]
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)


def cut(splitter, task, seed=0):
    return splitter.split(task, np.random.default_rng(seed))


def drawn(density, symmetric, zero):
    return Differences(None, density, symmetric, [], [], zero)


def differences(task, split):
    """Indices of the k whose reflection fixes a training row, and that all of these rows train."""
    D = set()
    for k in range(task.order):
        fixed = np.flatnonzero(fixed_points(task.row_permutation(task.reflection(k))))
        assert np.isin(fixed, split.train).all() != np.isin(fixed, split.test).all()
        D |= {k} if fixed[0] in split.train else set()
    return D


@every_task
@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("symmetric", [True, False])
def test_training_rows_are_those_of_the_differences_drawn(task, symmetric, zero):
    split = cut(drawn(0.5, symmetric, zero), task)
    D, group = differences(task, split), task.group
    assert (group.identity in D) == zero
    assert abs(len(D) - 0.5 * task.order) <= 1
    swap = task.row_permutation(task.reflection(group.identity))
    kept = {int(group.inverses[k]) for k in D} == D
    assert kept == (set(swap[split.train]) == set(split.train))
    assert kept or not symmetric
    assert split.strata["fixed"].sum() == (0 if zero else task.order)


def test_differences_of_addition_are_b_minus_a():
    task = addition(7)
    split = cut(Differences([1, 3], 0.5, False, [], [], True), task)
    a, b = task.pairs[split.train].T
    assert set((b - a) % 7) == {1, 3}
    assert len(split.train) == 14


def test_the_seed_matters_only_to_a_set_that_is_drawn():
    assert drawn(0.5, False, True).is_random
    assert not Differences([1, 3], 0.5, False, [], [], True).is_random


def test_a_larger_density_contains_the_smaller():
    few, many = (cut(drawn(density, True, True), addition(31)) for density in (0.3, 0.6))
    assert set(few.train) < set(many.train)


@pytest.mark.parametrize("zero", [True, False])
def test_multipliers_and_periods_keep_the_differences(zero):
    task = addition(60)
    split = cut(Differences(None, 0.5, False, [7], [20], zero), task, seed=1)
    D = differences(task, split)
    assert D == {7 * k % 60 for k in D} == {(k + 20) % 60 for k in D}
    assert {-k % 60 for k in D} != D
    assert ({0, 20, 40} <= D) is zero is (0 in D)
    assert abs(len(D) - 30) <= 6


def test_orders_that_keep_little_draw_as_others_do():
    """A set closed under nothing, and under the swap, is the one that these seeds always drew."""
    assert differences(addition(9), cut(drawn(0.5, False, True), addition(9))) == {0, 1, 2, 3}
    assert differences(addition(9), cut(drawn(0.5, True, True), addition(9))) == {0, 2, 3, 6, 7}


def test_another_seed_draws_another_set():
    one, other = (cut(drawn(0.5, False, True), addition(31), seed) for seed in (0, 1))
    assert not np.array_equal(one.train, other.train)


@every_task
def test_translations_of_differences_keep_the_training_set(task):
    split = cut(drawn(0.5, False, True), task)
    found = translations(task, split)
    assert len(found) % task.order == 0
    for g, h in found:
        image = task.row_permutation(task.translation(g, h))[split.train]
        assert set(image) == set(split.train)


@pytest.mark.parametrize(
    ("splitter", "expected"),
    [
        (FixedPoints([0], 0, 0, 0), {(g, g) for g in range(8)}),
        (Differences([1, 3, 5, 7], 0.5, False, [], [], True), None),
        (Orbits([{"translation": [4, 0]}], 0.6, 0, 0), {(0, 0), (4, 0)}),
    ],
    ids=str,
)
def test_all_translations_are_found(splitter, expected):
    every = {(g, h) for g in range(8) for h in range(8) if (g + h) % 2 == 0}
    found = translations(addition(8), cut(splitter, addition(8)))
    assert set(map(tuple, found.tolist())) == (every if expected is None else expected)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"differences": []}, r"^differences must be a list of group elements .*, got \[\]"),
        ({"differences": [9]}, "^differences: 9 is not an element of Z7"),
        ({"differences": list(range(7))}, "^differences"),
        ({"density": 1}, "^density must be"),
        ({"density": 0.01}, "^density"),
        ({"symmetric": 1}, "^symmetric must be true or false"),
        ({"zero": None}, "^zero must be true or false"),
        ({"multipliers": 2}, "^multipliers must be a list"),
        ({"multipliers": [7]}, "^multipliers: k -> 7 k is not one to one in Z7"),
        ({"multipliers": ["2"]}, "^multipliers must be an integer"),
        ({"periods": [8]}, "^periods: 8 is not an element of Z7"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed, message):
    settings = {
        "differences": None,
        "density": 0.5,
        "symmetric": False,
        "multipliers": [],
        "periods": [],
        "zero": False,
    }
    with pytest.raises(SettingError, match=message):
        cut(Differences(**{**settings, **changed}), addition(7))
