import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra import (
    Group,
    alternating,
    cyclic,
    dihedral,
    permutations,
    product,
    quaternion,
    symmetric,
    units,
)
from grokrfm.algebra.actions import generated_group
from grokrfm.algebra.closure import closure
from grokrfm.algebra.identification import direct_product, group_name
from grokrfm.algebra.isomorphism import _invariants, covers, homomorphism, isomorphism
from tests import exact
from tests.families import groups


def renumbered(group, seed):
    """The same group with its elements in another order."""
    new = np.random.default_rng(seed).permutation(group.order)
    table = np.empty_like(group.table)
    table[np.ix_(new, new)] = new[group.table]
    return Group("renumbered", tuple(range(group.order)), table)


FROBENIUS = permutations([[1, 2, 3, 4, 5, 6, 0], [0, 2, 4, 6, 1, 3, 5]])  # x + 1 and 2x mod 7
HEISENBERG = permutations(  # order 27, exponent 3, as is C3 x C3 x C3
    [[1, 2, 0, 4, 5, 3, 7, 8, 6], [3, 4, 5, 6, 7, 8, 0, 1, 2], [0, 1, 2, 4, 5, 3, 8, 6, 7]]
)
NAMED = [
    (cyclic(1), "C1"),
    (cyclic(31), "C31"),
    (product([5, 5]), "C5 x C5"),
    (product([5, 7]), "C35"),
    (product([4, 6]), "C2 x C12"),
    (units(8), "C2 x C2"),
    (dihedral(2), "C2 x C2"),
    (dihedral(3), "S3"),
    (dihedral(5), "D5"),
    (dihedral(4), "D4"),
    (quaternion(), "Q8"),
    (symmetric(4), "S4"),
    (alternating(4), "A4"),
    (dihedral(6), "D6"),
    (dihedral(12), "D12"),
    (alternating(5), "A5"),
    (symmetric(5), "S5"),
    (alternating(6), "A6"),
    (direct_product(cyclic(2), dihedral(5)), "D10"),
    (direct_product(cyclic(3), dihedral(5)), "C3 x D5"),
    (direct_product(alternating(4), cyclic(2)), "C2 x A4"),
    (direct_product(cyclic(2), alternating(5)), "C2 x A5"),
    (direct_product(dihedral(5), dihedral(3)), "S3 x D5"),
    (FROBENIUS, "a group of order 21"),
    (HEISENBERG, "a group of order 27"),
]


@pytest.mark.parametrize(("group", "name"), NAMED)
def test_a_group_is_named_whatever_the_order_of_its_elements(group, name):
    assert group_name(group) == group_name(renumbered(group, 5)) == name


@given(groups, st.integers(0, 99))
def test_an_isomorphism_maps_products_to_products(group, seed):
    other = renumbered(group, seed)
    mapping = isomorphism(group, other)
    assert sorted(mapping) == list(range(group.order))
    assert (mapping[group.table] == other.table[mapping[:, None], mapping]).all()


@pytest.mark.parametrize(
    ("group", "other"),
    [
        (cyclic(4), product([2, 2])),
        (dihedral(4), quaternion()),
        (alternating(4), dihedral(6)),
        (symmetric(4), direct_product(cyclic(2), alternating(4))),
        (cyclic(5), cyclic(7)),
        (HEISENBERG, product([3, 3, 3])),
    ],
)
def test_groups_that_differ_have_no_isomorphism(group, other):
    assert isomorphism(group, other) is None


def affine(*factors):
    """Group of order 100: shifts of two copies of Z5, and a multiplication of both."""
    x = np.arange(5)
    moved = [[x + 1, x], [x, x + 1], [f * x for f in factors]]
    return generated_group(np.array([[*(a % 5), *(5 + b % 5)] for a, b in moved]))[0]


def test_the_search_tells_groups_with_equal_invariants_apart():
    same, inverse = affine(2, 2), affine(2, 3)
    kinds = [sorted(map(tuple, _invariants(group).tolist())) for group in (same, inverse)]
    assert kinds[0] == kinds[1]
    assert isomorphism(same, renumbered(same, 1)) is not None
    assert isomorphism(affine(3, 3), same) is not None
    assert isomorphism(same, inverse) is None


@given(groups)
def test_a_homomorphism_extends_the_images_of_generators(group):
    square = homomorphism(group, range(group.order), group, group.power(2))
    assert (square is not None) == group.is_abelian


def test_images_that_break_a_relation_make_no_homomorphism():
    c6, c3 = cyclic(6), cyclic(3)
    assert homomorphism(c6, [1], c3, [1]).tolist() == [0, 1, 2, 0, 1, 2]
    assert homomorphism(c3, [1], c6, [1]) is None
    assert homomorphism(c6, [2], c3, [1]).tolist() == [0, -1, 1, -1, 2, -1]


def test_a_double_cover_is_known_by_its_generators():
    c5, c10 = cyclic(5), cyclic(10)
    assert covers(c10, [1], c5, [1])
    assert covers(c5, [1], c5, [2])
    assert not covers(c5, [1], c10, [1])  # five steps must lead back
    assert not covers(c10, [2], c5, [1])  # not all of the cover
    assert not covers(c10, [2], cyclic(2), [0])
    assert not covers(c10, [1], c5, [0])  # not onto
    assert not covers(c10, [1, 9], c5, [1, 1])


def test_a_learned_grid_with_one_axis_of_half_turns_covers_the_grid_twice():
    table = product([5, 5]).table
    grid, generators = generated_group(table[:, [5, 20, 1, 4]].T)
    plain, halved = exact.torus(5), exact.torus(10)
    for steps, index in ((plain, 1), (np.concatenate([halved[:2], plain[2:]]), 2)):
        closed = closure(steps, 0.12)
        assert closed.order == index * grid.order
        assert covers(closed.group, closed.generators, grid, generators)
    swapped = closure(plain[[0, 2, 1, 3]], 0.12)
    assert swapped.order == grid.order
    assert not covers(swapped.group, swapped.generators, grid, generators)
