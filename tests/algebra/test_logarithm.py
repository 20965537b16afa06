import numpy as np
import pytest

from grokrfm.algebra import cyclic, generator, logarithms, product, units

CYCLIC = [cyclic(12), product([3, 7]), units(11), units(13), units(31), units(9), units(2 * 7)]


@pytest.mark.parametrize("group", CYCLIC, ids=lambda group: group.name)
def test_multiplying_adds_logarithms(group):
    exponents = logarithms(group)
    assert sorted(exponents) == list(range(group.order))
    sums = (exponents[:, None] + exponents) % group.order
    np.testing.assert_array_equal(exponents[group.table], sums)
    assert exponents[group.identity] == 0
    assert exponents[generator(group)] == 1


def test_the_smallest_generator_is_taken():
    assert units(31).elements[generator(units(31))] == 3
    assert logarithms(cyclic(5)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("group", [product([2, 2]), units(8)], ids=lambda group: group.name)
def test_a_group_that_is_not_cyclic_has_none(group):
    with pytest.raises(ValueError, match="is not cyclic"):
        logarithms(group)
