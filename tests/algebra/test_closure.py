import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokrfm.algebra.characters import irreducibility
from grokrfm.algebra.closure import Closure, closure
from grokrfm.algebra.identification import group_name
from tests import exact

TOLERANCE = 0.12
KNOWN = [
    (exact.A5, 60, "A5"),
    (exact.S4, 24, "S4"),
    (exact.A4, 12, "A4"),
    (exact.Q8, 8, "Q8"),
    (exact.dihedral(3), 6, "S3"),
    (exact.dihedral(5), 10, "D5"),
    (exact.torus(3), 9, "C3 x C3"),
    (exact.torus(10), 100, "C10 x C10"),
    (exact.turn(1 / 7)[None], 7, "C7"),
    (np.eye(3)[None], 1, "C1"),
]


@pytest.mark.parametrize(("generators", "order", "name"), KNOWN)
def test_exact_matrices_close_to_their_group(generators, order, name):
    closed = closure(generators, TOLERANCE)
    assert closed.order == order
    assert closed.residual < 1e-12
    assert np.allclose(closed.matrices[closed.generators], generators)
    assert group_name(closed.group) == name


@given(st.sampled_from(KNOWN), st.integers(0, 99))
def test_a_basis_and_a_small_error_change_nothing_but_the_residual(known, seed):
    generators, order, name = known
    learned = exact.perturbed(exact.conjugated(generators, seed), 1e-3, seed + 1)
    closed = closure(learned, TOLERANCE)
    assert closed.order == order
    assert 1e-5 < closed.residual < 0.05
    assert group_name(closed.group) == name


@pytest.mark.parametrize("generators", [exact.A5, exact.S4, exact.Q8, exact.torus(5)])
def test_the_table_of_the_group_is_that_of_the_matrices(generators):
    closed = closure(generators, TOLERANCE)
    for i, j in np.ndindex(closed.order, closed.order):
        product = closed.matrices[i] @ closed.matrices[j]
        assert np.allclose(product, closed.matrices[closed.group.table[i, j]])


@pytest.mark.parametrize(
    ("generators", "value"),
    [(exact.A5, 1), (exact.S4, 1), (exact.dihedral(3), 2), (exact.dihedral(5), 2), (exact.Q8, 4)],
)
def test_its_characters_tell_an_irreducible_representation(generators, value):
    assert irreducibility(closure(generators, TOLERANCE).characters) == pytest.approx(value)


def test_turns_that_generate_a_dense_subgroup_never_close():
    assert closure(exact.NEVER, TOLERANCE) is None
    assert closure(np.full((2, 3, 3), np.nan), TOLERANCE) is None


def test_the_limit_is_the_most_members():
    assert closure(exact.A5, TOLERANCE, most=60).order == 60
    assert closure(exact.A5, TOLERANCE, most=59) is None


def test_the_residual_is_the_largest_distance_of_a_product_to_its_member():
    off = 0.004  # five turns miss the identity by 5 · 0.004 turns
    closed = closure(exact.turn(1 / 5 + off)[None], TOLERANCE)
    miss = np.linalg.norm(exact.turn(5 * off) - np.eye(2)) / 2
    assert closed.order == 5
    assert closed.residual == pytest.approx(miss)


def test_products_that_make_no_group_are_told():
    projection = closure(np.diag([1.0, 0.0])[None], TOLERANCE)  # its own square, not invertible
    assert projection.order == 2
    assert projection.group is None
    # a cycle and a swap of three members: permutations, but they generate six
    wrong = Closure(np.zeros((3, 1, 1)), np.array([[1, 1], [2, 0], [0, 2]]), 0.1)
    assert wrong.group is None
