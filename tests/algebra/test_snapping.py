import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag

from grokrfm.algebra.snapping import eigen_angles, finite_orders, snapped
from tests import exact

REPRESENTATIONS = [
    (exact.A5, [5, 5]),
    (exact.S4, [4, 4]),
    (exact.A4, [3, 2]),
    (exact.Q8, [4, 4]),
    (exact.dihedral(5), [5, 2]),
    (exact.torus(10), [10] * 4),
    (np.array([np.eye(3), np.diag([1.0, 1.0, -1.0])]), [1, 2]),
    (np.array([block_diag(exact.turn(1 / 2), exact.turn(2 / 5), -1)]), [10]),
]


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=3), st.booleans(), st.integers(0, 99))
def test_eigen_angles_are_those_of_the_planes_in_any_basis(shares, odd, seed):
    blocks = [exact.turn(share) for share in shares] + [np.eye(1)] * odd
    size = 2 * len(shares) + odd
    matrix = exact.conjugated(block_diag(*blocks)[None], seed) if size > 1 else blocks[0][None]
    assert eigen_angles(matrix) == pytest.approx(np.sort([shares]), abs=1e-7)
    assert eigen_angles(np.swapaxes(matrix, 1, 2)) == pytest.approx(np.sort([shares]), abs=1e-7)


@given(st.sampled_from(REPRESENTATIONS), st.integers(0, 99))
def test_snapping_repairs_perturbed_matrices_of_finite_order(known, seed):
    matrices, orders = known
    truth = exact.conjugated(matrices, seed)
    learned = exact.perturbed(truth, 3e-3, seed).astype(np.float32)
    assert finite_orders(learned)[0].tolist() == orders
    repaired = snapped(learned)
    assert np.array_equal(repaired, snapped(learned, orders))
    for matrix, order in zip(repaired, orders, strict=True):
        assert np.abs(np.linalg.matrix_power(matrix, order) - np.eye(len(matrix))).max() < 1e-12
        assert np.abs(matrix @ matrix.T - np.eye(len(matrix))).max() < 1e-12
    assert np.linalg.det(repaired) == pytest.approx(np.linalg.det(truth))
    assert np.abs(repaired - truth).max() < 0.05
    assert snapped(truth) == pytest.approx(truth, abs=1e-12)


def test_angles_are_rounded_to_the_given_order():
    [matrix] = snapped(exact.turn(0.23)[None], [10])
    assert matrix == pytest.approx(exact.turn(0.2))
    [matrix] = snapped(exact.turn(-0.27)[None], [4])
    assert matrix == pytest.approx(exact.turn(-0.25))


def test_what_has_no_finite_order_is_not_snapped():
    near = block_diag(exact.turn(1 / 5 + 0.003), np.eye(2))
    wild = block_diag(exact.turn(5**0.5 / 2), exact.turn(2**0.5))
    orders, residuals = finite_orders(np.array([near, wild]))
    assert orders.tolist() == [5, 0]
    assert residuals[0] == pytest.approx(np.linalg.norm(exact.turn(0.015) - np.eye(2)) / 8**0.5)
    powers = [np.linalg.matrix_power(wild, k) - np.eye(4) for k in range(1, 65)]
    assert residuals[1] == pytest.approx(min(np.linalg.norm(p) for p in powers) / 8**0.5)
    assert residuals[1] > 0.1
    assert snapped(wild[None]) is None
    assert snapped(np.full((1, 2, 2), np.nan)) is None
    assert snapped(np.diag([1.0, 1.0, -1.0])[None], [5]) is None
