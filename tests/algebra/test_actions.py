import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import permutations, product
from grokrfm.algebra.actions import generated_group, is_transitive
from grokrfm.algebra.subgroups import generated_by
from grokrfm.checks import SettingError
from tests.families import groups


@st.composite
def some_permutations(draw):
    size = draw(st.integers(2, 5))
    rows = st.permutations(range(size))
    return np.array(draw(st.lists(rows, min_size=1, max_size=3)))


@given(some_permutations())
def test_the_generated_group_composes_permutations_with_the_right_one_first(images):
    group, generators = generated_group(images)
    elements = np.array(group.elements)
    assert len(set(group.elements)) == group.order
    assert (elements[0] == np.arange(images.shape[1])).all()
    assert (elements[generators] == images).all()
    assert len(generated_by(group, generators)) == group.order
    for i, p in enumerate(elements):
        assert (elements[group.table[i]] == p[elements]).all()


@given(some_permutations())
def test_it_has_the_elements_of_the_family_of_permutations(images):
    if (images == np.arange(images.shape[1])).all():
        assert generated_group(images)[0].order == 1
    else:
        named = permutations(images.tolist())
        assert sorted(generated_group(images)[0].elements) == sorted(named.elements)


@given(groups)
def test_right_multiplication_generates_the_group_in_the_opposite_order(group):
    generated, index = generated_group(group.table.T)
    assert (generated.table[index[:, None], index] == index[group.table.T]).all()
    assert is_transitive(group.table.T)


def test_a_large_grid_generates_its_group():
    table = product([31, 31]).table
    steps = [table[:, [31, 31 * 30, 1, 30]].T, table[:, [1]].T]
    group, generators = generated_group(steps[0])
    assert group.order == 961
    assert group.table[generators[0], generators[1]] == group.identity == 0
    assert is_transitive(steps[0])
    assert not is_transitive(steps[1])


def test_too_many_permutations_are_refused():
    cycle, swap = np.roll(np.arange(7), 1), np.array([1, 0, 2, 3, 4, 5, 6])
    with pytest.raises(SettingError, match=r"^generators: generate more than 2500 permutations"):
        generated_group(np.array([cycle, swap]))
