from typing import NamedTuple

import pytest
import torch
from torch.func import grad, vmap

from grokrfm.checks import SettingError
from grokrfm.kernels import (
    ClosedFormAgop,
    Gaussian,
    GeneralQuadratic,
    InnerProductKernel,
    Kernel,
    Laplace,
    OneHot,
    Quadratic,
    RadialKernel,
    StreamedGradient,
)
from grokrfm.kernels.onehot import BLOCK_ENTRIES, squared_distances
from tests import oracles


class Cauchy(RadialKernel):
    """1 / (1 + d²): a plug-in with a profile and a slope and nothing else."""

    def profile(self, squared_distance):
        return 1 / (1 + squared_distance)

    def slope(self, squared_distance):
        return -1 / (1 + squared_distance) ** 2


class Cubic(InnerProductKernel):
    """(1 + t)³: a plug-in with a profile and a slope and nothing else."""

    def profile(self, inner_product):
        return (1 + inner_product) ** 3

    def slope(self, inner_product):
        return 3 * (1 + inner_product) ** 2


class Case(NamedTuple):
    kernel: Kernel
    formula: oracles.Formula


CASES = {
    "gaussian 2.5": Case(Gaussian(2.5), oracles.gaussian(2.5)),
    "gaussian 0.8": Case(Gaussian(0.8), oracles.gaussian(0.8)),
    "laplace": Case(Laplace(1.7), oracles.laplace(1.7)),
    "quadratic": Case(Quadratic(), oracles.quadratic),
    "general_quadratic": Case(GeneralQuadratic(), oracles.general_quadratic),
    "cauchy": Case(Cauchy(), lambda M, x, z: 1 / (1 + (x - z) @ M @ (x - z))),
    "cubic": Case(Cubic(), lambda M, x, z: (1 + x @ M @ z) ** 3),
}
STREAMED = {name: case for name, case in CASES.items() if isinstance(case.kernel, StreamedGradient)}
every_kernel = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
every_streamed_kernel = pytest.mark.parametrize("case", STREAMED.values(), ids=STREAMED.keys())
every_slot_count = pytest.mark.parametrize("slots", [1, 2, 3])


def some_rows(count, slots, generator):
    """Rows with one active coordinate of four in each slot; the first rows are repeated last."""
    within_slot = torch.randint(4, (count, slots), generator=generator)
    active = within_slot + 4 * torch.arange(slots)
    return OneHot(torch.cat([active, active[:2]]), 4 * slots)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def close(found, expected):
    return torch.allclose(found, expected, rtol=1e-11, atol=1e-12)


@every_kernel
@every_slot_count
def test_the_gram_matrix_is_the_formula_at_every_pair(case, slots, generator):
    x, z = some_rows(9, slots, generator), some_rows(5, slots, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    expected = oracles.naive_gram(case.formula, M, oracles.dense_rows(x), oracles.dense_rows(z))
    assert close(case.kernel.gram(M, x, z), expected)


@every_streamed_kernel
@every_slot_count
def test_the_gradient_weights_give_the_gradient_of_the_formula(case, slots, generator):
    x, z = some_rows(9, slots, generator), some_rows(5, slots, generator)
    X, Z = oracles.dense_rows(x), oracles.dense_rows(z)
    M = oracles.random_feature_matrix(x.width, generator)
    B = case.kernel.gradient_weights(M, x, z, case.kernel.gram(M, x, z))
    for i in range(len(x)):
        for j in range(len(z)):
            direction = Z[j] - X[i] if case.kernel.radial else Z[j]
            expected = grad(case.formula, argnums=1)(M, X[i], Z[j])
            assert close(case.kernel.gradient_scale * B[i, j] * (M @ direction), expected)


@every_streamed_kernel
def test_the_slope_is_the_derivative_of_the_profile(case):
    points = torch.linspace(0.25, 4.0, 17, dtype=torch.float64)
    assert close(case.kernel.slope(points), vmap(grad(case.kernel.profile))(points))


@every_kernel
@pytest.mark.parametrize("rows_at_a_time", [1, 4, 10**6])
def test_the_gram_matrix_does_not_depend_on_the_block(case, rows_at_a_time, generator, monkeypatch):
    x, z = some_rows(9, 2, generator), some_rows(5, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    monkeypatch.setitem(BLOCK_ENTRIES, "cpu", rows_at_a_time * len(z))
    expected = oracles.naive_gram(case.formula, M, oracles.dense_rows(x), oracles.dense_rows(z))
    K = case.kernel.gram(M, x, z)
    assert close(K, expected)


@every_streamed_kernel
def test_the_gradient_weights_do_not_depend_on_the_block(case, generator, monkeypatch):
    x, z = some_rows(9, 2, generator), some_rows(5, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    K = case.kernel.gram(M, x, z)
    expected = case.kernel.gradient_weights(M, x, z, K)
    monkeypatch.setitem(BLOCK_ENTRIES, "cpu", 4 * len(z))
    assert close(case.kernel.gradient_weights(M, x, z, K), expected)


def test_the_slope_of_the_laplace_kernel_at_its_cusp_is_zero():
    assert Laplace(1.0).slope(torch.zeros(1, dtype=torch.float64)) == 0


def test_points_that_rounding_cannot_tell_apart_are_at_distance_zero(generator):
    x = some_rows(9, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    [(_, _, squared)] = squared_distances(M, x, x)
    assert (squared.diagonal() == 0).all()
    assert (squared[:2, -2:].diagonal() == 0).all()  # the repeated rows


@every_kernel
def test_the_gram_matrix_is_written_where_it_is_wanted(case, generator):
    x, z = some_rows(9, 2, generator), some_rows(5, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    place = torch.full((len(x), len(z)), torch.nan, dtype=torch.float64)
    assert case.kernel.gram(M, x, z, out=place) is place
    assert torch.equal(place, case.kernel.gram(M, x, z))


@every_kernel
def test_a_kernel_leaves_its_arguments_as_they_were(case, generator):
    x = some_rows(9, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    active_before, M_before = x.active.clone(), M.clone()
    K = case.kernel.gram(M, x, x)
    K_before = K.clone()
    if isinstance(case.kernel, StreamedGradient):
        case.kernel.gradient_weights(M, x, x, K)
    assert torch.equal(x.active, active_before)
    assert torch.equal(M, M_before)
    assert torch.equal(K, K_before)


@every_kernel
def test_a_kernel_computes_in_the_precision_of_its_feature_matrix(case, generator):
    x = some_rows(9, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    single = case.kernel.gram(M.float(), x, x)
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), case.kernel.gram(M, x, x), rtol=1e-4, atol=1e-5)


def test_no_squared_distance_is_negative(generator):
    x = some_rows(500, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    rows, columns, distances = zip(*squared_distances(M, x, x), strict=True)
    assert min(block.min() for block in distances) == 0
    starts = [0, *(r.stop for r in rows[:-1])]
    assert [r.start for r in rows] == [c.start for c in columns] == starts
    assert len(rows) > 1
    assert all(block.numel() <= BLOCK_ENTRIES["cpu"] for block in distances)


@every_kernel
def test_one_triangle_and_its_mirror_image_are_the_gram_matrix(case, generator):
    x = some_rows(500, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    K = case.kernel.gram(M, x, x)
    same_rows = OneHot(x.active.clone(), x.width)  # not `x` itself: every entry is computed
    assert close(K, case.kernel.gram(M, x, same_rows))


@every_slot_count
def test_one_hot_rows_multiply_as_dense_ones(slots, generator):
    x = some_rows(9, slots, generator)
    X = oracles.dense_rows(x)
    M = oracles.random_feature_matrix(x.width, generator)
    assert torch.equal(x.dense(torch.float64), X)
    assert close(x.times(M), X @ M)
    assert close(x.norms(M), (X @ M @ X.T).diagonal())
    assert torch.equal(x[2:5].dense(torch.float64), X[2:5])


def test_a_matrix_that_was_changed_in_place_gives_new_distances(generator):
    x = some_rows(9, 2, generator)
    M = oracles.random_feature_matrix(x.width, generator)
    Gaussian(2.5).gram(M, x, x)
    M *= 2
    fresh = OneHot(x.active, x.width)
    assert torch.equal(Gaussian(2.5).gram(M, x, x), Gaussian(2.5).gram(M, fresh, fresh))


@pytest.mark.parametrize(
    ("active", "coordinates", "times"),
    [
        ([[0, 5], [1, 4]], slice(0, 2), 1),
        ([[0, 3, 6], [2, 5, 6]], slice(6, 7), 1),  # the operand with the fewest coordinates
        ([[0, 2], [2, 3]], slice(None), 2),  # the operands share a coordinate
    ],
)
def test_every_row_has_the_same_number_of_shared_coordinates(active, coordinates, times):
    x = OneHot(torch.tensor(active), 7)
    assert x.shared == (coordinates, times)
    assert (oracles.dense_rows(x)[:, coordinates].sum(dim=1) == times).all()


@pytest.mark.parametrize("value", ["abc", 0, -1, True, None, float("nan"), float("inf"), [2.5]])
@pytest.mark.parametrize("kernel", [Gaussian, Laplace])
def test_a_bandwidth_that_is_no_positive_number_is_refused(kernel, value):
    with pytest.raises(SettingError) as refusal:
        kernel(value)
    assert str(refusal.value) == f"bandwidth must be a positive number, got {value!r}"


def test_only_the_quadratic_kernels_know_a_closed_form():
    closed = [name for name, case in CASES.items() if isinstance(case.kernel, ClosedFormAgop)]
    assert closed == ["quadratic", "general_quadratic"]


@pytest.mark.parametrize("value", [1e-200, 1e151])
def test_a_bandwidth_whose_square_is_no_float_is_refused_with_the_range(value):
    with pytest.raises(SettingError, match=r"^bandwidth must be between 1e-150 and 1e150, .* got "):
        Gaussian(value)
