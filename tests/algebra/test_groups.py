import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import cyclic, is_prime, product, units
from grokrfm.checks import SettingError
from tests.families import groups


@given(groups)
def test_the_product_is_associative(group):
    i, j, k = np.ix_(*[range(group.order)] * 3)
    table = group.table
    assert (table[table[i, j], k] == table[i, table[j, k]]).all()


@given(groups)
def test_what_commutes_with_all_is_the_centre(group):
    commuting = [
        i
        for i in range(group.order)
        if all(group.table[i, j] == group.table[j, i] for j in range(group.order))
    ]
    assert group.centre.tolist() == commuting
    assert group.is_abelian == (len(commuting) == group.order)


@given(groups, st.integers(-5, 13))
def test_a_power_is_a_repeated_product(group, exponent):
    base = np.arange(group.order) if exponent >= 0 else group.inverses
    result = np.full(group.order, group.identity)
    for _ in range(abs(exponent)):
        result = group.table[result, base]
    assert (group.power(exponent) == result).all()


@given(groups)
def test_the_identity_changes_nothing(group):
    everything = np.arange(group.order)
    assert (group.table[group.identity] == everything).all()
    assert (group.table[:, group.identity] == everything).all()


@given(groups)
def test_an_element_times_its_inverse_is_the_identity(group):
    everything = np.arange(group.order)
    assert (group.table[everything, group.inverses] == group.identity).all()
    assert (group.table[group.inverses, everything] == group.identity).all()


@given(groups)
def test_every_element_is_once_in_each_row_of_the_table(group):
    assert group.table.shape == (group.order, group.order)
    assert (np.sort(group.table, axis=1) == np.arange(group.order)).all()


@given(groups)
def test_elements_are_distinct_and_found_by_their_index(group):
    assert [group.index(element) for element in group.elements] == list(range(group.order))
    assert all(group.has(element) for element in group.elements)


@pytest.mark.parametrize("order", [1, 2, 7, 12])
def test_cyclic_adds_modulo_the_order(order):
    group = cyclic(order)
    assert group.name == f"Z{order}"
    assert group.elements == tuple(range(order))
    for a, b in itertools.product(range(order), repeat=2):
        assert group.elements[group.table[a, b]] == (a + b) % order


@pytest.mark.parametrize("factors", [[6], [2, 3], [5, 1, 2], [2, 2, 3]])
def test_product_adds_each_coordinate(factors):
    group = product(factors)
    assert group.name == " x ".join(f"Z{n}" for n in factors)
    for i, j in itertools.product(range(group.order), repeat=2):
        a, b = group.elements[i], group.elements[j]
        total = tuple((u + v) % n for u, v, n in zip(a, b, factors, strict=True))
        assert group.elements[group.table[i, j]] == total


def test_product_counts_with_the_last_coordinate_fastest():
    assert product([2, 3]).elements == ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2))


@pytest.mark.parametrize("modulus", [3, 8, 12, 13, 15])
def test_units_multiply_modulo_the_modulus(modulus):
    group = units(modulus)
    assert group.elements == tuple(u for u in range(1, modulus) if math.gcd(u, modulus) == 1)
    assert group.elements[group.identity] == 1
    for i, j in itertools.product(range(group.order), repeat=2):
        a, b = group.elements[i], group.elements[j]
        assert group.elements[group.table[i, j]] == a * b % modulus


def test_an_element_of_a_product_may_be_a_list_and_an_integer_may_be_numpys():
    assert product([5, 7]).index([2, 3]) == product([5, 7]).index((2, 3)) == 17
    assert units(7).index(np.int64(3)) == 2


@pytest.mark.parametrize(
    ("group", "stranger", "message"),
    [
        (cyclic(5), 5, "5 is not an element of Z5; its elements run from 0 to 4"),
        (cyclic(5), -1, "-1 is not an element of Z5"),
        (cyclic(5), True, "True is not an element of Z5"),
        (cyclic(5), 1.0, "1.0 is not an element of Z5"),
        (cyclic(5), "1", "'1' is not an element of Z5"),
        (cyclic(5), None, "None is not an element of Z5"),
        (cyclic(5), [1], "[1] is not an element of Z5"),
        (cyclic(5), {}, "{} is not an element of Z5"),
        (units(8), 4, "4 is not an element of the units mod 8; its elements run from 1 to 7"),
        (product([5, 7]), 2, "2 is not an element of Z5 x Z7"),
        (product([5, 7]), (5, 0), "[5, 0] is not an element of Z5 x Z7"),
        (product([5, 7]), [2], "[2] is not an element of Z5 x Z7"),
        (product([5, 7]), [1, True], "[1, True] is not an element of Z5 x Z7"),
        (product([5, 7]), [[2, 3]], "run from [0, 0] to [4, 6]"),
    ],
)
def test_what_is_no_element_is_refused_by_name(group, stranger, message):
    with pytest.raises(ValueError) as refusal:
        group.index(stranger)
    assert not group.has(stranger)
    assert message in str(refusal.value)


def test_the_example_of_a_group_is_written_as_in_a_config():
    assert cyclic(5).example == "4"
    assert product([5, 7]).example == "[4, 6]"


def test_primes_are_the_numbers_with_two_divisors():
    for n in range(-3, 200):
        assert is_prime(n) == (sum(n % d == 0 for d in range(1, n + 1)) == 2)


@pytest.mark.parametrize("sizes", [5, "57", None, [], {}, [0, 3], [2.0, 3], [True, 3]])
def test_sizes_that_make_no_product_are_refused(sizes):
    with pytest.raises(SettingError, match=r"^sizes must "):
        product(sizes)
