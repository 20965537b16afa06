import itertools

import numpy as np
import pytest
from hypothesis import given

from grokrfm.algebra import (
    alternating,
    cyclic,
    dihedral,
    permutations,
    product,
    quaternion,
    symmetric,
)
from grokrfm.algebra.abelian import invariant_factors
from grokrfm.algebra.characters import (
    frobenius_schur,
    irreducibility,
    irreducible_characters,
)
from grokrfm.algebra.classes import conjugacy_classes, element_orders
from grokrfm.algebra.identification import direct_product
from grokrfm.algebra.representations import (
    determinants,
    real_irreducible_characters,
    smallest_rotation_dimension,
)
from tests.families import groups


@given(groups)
def test_orders_and_classes_are_those_of_their_definitions(group):
    orders, classes = element_orders(group), conjugacy_classes(group)
    for g in range(group.order):
        powers = [g]
        while powers[-1] != group.identity:
            powers.append(int(group.table[powers[-1], g]))
        assert orders[g] == len(powers)
        conjugates = {
            int(group.table[group.table[h, g], group.inverses[h]]) for h in range(group.order)
        }
        assert set(np.flatnonzero(classes == classes[g])) == conjugates


@given(groups)
def test_irreducible_characters_are_orthonormal_and_closed_under_products(group):
    characters = irreducible_characters(group)
    degrees = characters[:, group.identity]
    assert len(characters) == len(np.unique(conjugacy_classes(group)))
    gram = characters @ characters.conj().T / group.order
    assert np.abs(gram - np.eye(len(characters))).max() < 1e-10
    assert np.abs(characters[0] - 1).max() < 1e-10
    assert np.abs(degrees - degrees.real.round()).max() < 1e-8
    assert round((degrees.real**2).sum()) == group.order
    # a product of characters contains each irreducible one a natural number of times
    multiplicity = (characters[-1] * characters) @ characters.conj().T / group.order
    assert np.abs(multiplicity - np.maximum(multiplicity.real.round(), 0)).max() < 1e-8


@pytest.mark.parametrize(
    ("group", "degrees"),
    [
        (symmetric(4), [1, 1, 2, 3, 3]),
        (alternating(5), [1, 3, 3, 4, 5]),
        (symmetric(5), [1, 1, 4, 4, 5, 5, 6]),
        (alternating(6), [1, 5, 5, 8, 8, 9, 10]),
        (product([30, 30]), [1] * 900),
    ],
)
def test_degrees_of_known_groups(group, degrees):
    characters = irreducible_characters(group)
    assert characters[:, group.identity].real.round().tolist() == degrees


def test_the_turns_of_the_icosahedron_have_the_golden_ratio_as_character():
    group = alternating(5)
    of_order_five = irreducible_characters(group)[1:3, element_orders(group) == 5]
    golden = [(1 - 5**0.5) / 2, (1 + 5**0.5) / 2]
    assert np.unique(of_order_five.real.round(10)) == pytest.approx(golden)


@pytest.mark.parametrize(
    ("group", "indicators"),
    [
        (symmetric(3), [1, 1, 1]),
        (quaternion(), [1, 1, 1, 1, -1]),
        (alternating(4), [1, 0, 0, 1]),
        (cyclic(3), [1, 0, 0]),
    ],
)
def test_indicators_tell_real_complex_and_quaternionic(group, indicators):
    assert frobenius_schur(group, irreducible_characters(group)).tolist() == indicators


@given(groups)
def test_real_characters_are_orthogonal_and_span_the_real_class_functions(group):
    characters = real_irreducible_characters(group)
    classes = conjugacy_classes(group)
    with_inverse = {frozenset(pair) for pair in zip(classes, classes[group.inverses], strict=True)}
    assert len(characters) == len(with_inverse)
    gram = characters @ characters.T / group.order
    assert np.abs(gram - np.diag(np.diag(gram))).max() < 1e-8


@given(groups)
def test_determinants_are_homomorphisms(group):
    values = determinants(group, real_irreducible_characters(group))
    assert (values[:, group.table] == values[:, :, None] * values[:, None, :]).all()


def test_the_determinant_of_a_permutation_is_its_sign():
    group = symmetric(4)
    fixed = np.array([[sum(i == p for i, p in enumerate(g)) for g in group.elements]], float)
    sign = [np.linalg.det(np.eye(4)[list(g)]).round() for g in group.elements]
    assert determinants(group, fixed)[0].tolist() == sign


@pytest.mark.parametrize(
    ("group", "dimension"),
    [
        (cyclic(1), 1),
        (cyclic(2), 2),
        (cyclic(3), 2),
        (cyclic(31), 2),
        (product([3, 4]), 2),
        (product([2, 2]), 3),
        (product([2, 2, 2]), 4),
        (product([2, 4]), 4),
        (product([3, 3]), 4),
        (product([5, 5]), 4),
        (product([31, 31]), 4),
        (symmetric(3), 3),
        (dihedral(4), 3),
        (dihedral(5), 3),
        (dihedral(6), 3),
        (alternating(4), 3),
        (symmetric(4), 3),
        (alternating(5), 3),
        (quaternion(), 4),
        (symmetric(5), 5),
        (alternating(6), 5),
        (direct_product(symmetric(3), symmetric(3)), 4),
        (direct_product(dihedral(4), dihedral(4)), 5),
        (direct_product(product([2, 2]), quaternion()), 7),
        (direct_product(product([2] * 5), dihedral(4)), 8),
        (permutations([[1, 2, 3, 4, 5, 6, 0], [0, 2, 4, 6, 1, 3, 5]]), 6),
    ],
)
def test_the_smallest_rotations_that_represent_a_group(group, dimension):
    assert smallest_rotation_dimension(group) == dimension


@given(groups)
def test_no_cheaper_sum_of_representations_is_faithful(group):
    """All sums are tried in the order of their degree, for any group, Abelian or not."""
    characters = real_irreducible_characters(group)
    degrees = characters[:, group.identity]
    kernels = [
        frozenset(np.flatnonzero(row)) for row in np.abs(characters - degrees[:, None]) < 1e-6
    ]
    reversing = [frozenset(np.flatnonzero(row < 0)) for row in determinants(group, characters)]
    parts = set(zip(degrees.round().astype(int).tolist(), kernels, reversing, strict=True))
    everything = frozenset(range(group.order))
    sums = {0: {(everything, frozenset())}}
    while not any(len(k) == 1 and not r for k, r in sums[len(sums) - 1]):
        total = len(sums)
        sums[total] = {
            (k & kernel, r ^ reverse)
            for degree, kernel, reverse in parts
            for k, r in sums.get(total - degree, ())
        }
    assert smallest_rotation_dimension(group) == max(1, len(sums) - 1)


@given(groups)
def test_invariant_factors_divide_each_other_and_give_the_orders(group):
    if group.is_abelian:
        factors = invariant_factors(group)
        assert all(b % a == 0 for a, b in itertools.pairwise(factors))
        same = product(factors or [1])
        assert sorted(element_orders(same)) == sorted(element_orders(group))


def test_the_mean_square_of_a_character_counts_what_it_contains():
    group = symmetric(3)
    trivial, sign, plane = irreducible_characters(group)
    assert irreducibility(plane) == pytest.approx(1)
    assert irreducibility(plane + sign) == pytest.approx(2)
    assert irreducibility(trivial + trivial) == pytest.approx(4)
