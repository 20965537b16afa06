import numpy as np
import pytest

from grokrfm.recovery.products import learned_products
from tests.recovery.cases import CASES, DOUBLE


@pytest.mark.parametrize("name", CASES)
def test_exact_matrices_give_the_table_of_the_group(name):
    case = CASES[name]
    products = learned_products(case.action, case.operators)
    np.testing.assert_array_equal(products, case.action.group.table)


def test_a_double_cover_gives_matrices_that_are_near_none():
    products = learned_products(DOUBLE.action, DOUBLE.operators)
    true = DOUBLE.action.group.table
    assert 0 < (products == -1).sum() < products.size
    np.testing.assert_array_equal(products[products >= 0], true[products >= 0])


def test_matrices_of_another_group_give_another_table():
    case = CASES["C5 x C5"]
    squared = case.operators @ case.operators  # still C5 x C5, by an automorphism
    np.testing.assert_array_equal(learned_products(case.action, squared), case.action.group.table)
    same = case.operators[[0, 1, 0, 1]]  # the two factors become one
    assert (learned_products(case.action, same) != case.action.group.table).mean() > 0.5
