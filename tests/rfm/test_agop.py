import pytest
import torch

from grokrfm.kernels import Gaussian, GeneralQuadratic, Laplace, OneHot, Quadratic
from grokrfm.kernels.onehot import BLOCK_ENTRIES
from grokrfm.rfm.agop import BLOCK_NUMBERS, agop_of, matrix_power
from grokrfm.rfm.agop import streamed_agop as streamed
from tests import oracles

KERNELS = {
    "gaussian": (Gaussian(2.5), oracles.gaussian(2.5)),
    "gaussian narrow": (Gaussian(0.8), oracles.gaussian(0.8)),
    "laplace": (Laplace(1.7), oracles.laplace(1.7)),
    "quadratic": (Quadratic(), oracles.quadratic),
    "general_quadratic": (GeneralQuadratic(), oracles.general_quadratic),
}
STREAMED = {name: case for name, case in KERNELS.items() if name != "general_quadratic"}
every_kernel = pytest.mark.parametrize(("kernel", "formula"), KERNELS.values(), ids=KERNELS.keys())
every_streamed_kernel = pytest.mark.parametrize(
    ("kernel", "formula"), STREAMED.values(), ids=STREAMED.keys()
)
centred_or_not = pytest.mark.parametrize("centering", [True, False])


def agop(kernel, *arguments, **settings):
    return agop_of(kernel)(*arguments, **settings).matrix


def streamed_agop(*arguments, **settings):
    return streamed(*arguments, **settings).matrix


def fitted_predictor(seed, n=7, share=0.6, absent=(2, 9)):
    """M, rows of the n×n table without the absent coordinates, and coefficients, all random."""
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.meshgrid(torch.arange(n), n + torch.arange(n), indexing="ij")
    table = torch.stack([first.flatten(), second.flatten()], dim=1)
    present = ~torch.isin(table, torch.tensor(absent)).any(dim=1)
    drawn = torch.rand(n * n, generator=generator) < share
    x = OneHot(table[present & drawn], 2 * n)
    M = oracles.random_feature_matrix(2 * n, generator)
    coefficients = torch.randn(len(x), 5, dtype=torch.float64, generator=generator)
    return M, x, coefficients


def test_the_random_rows_are_uneven_and_lack_some_coordinates():
    _, x, _ = fitted_predictor(0)
    counts = torch.bincount(x.active.flatten(), minlength=x.width)
    assert (counts == 0).nonzero().flatten().tolist() == [2, 9]
    assert len(counts[counts > 0].unique()) > 2


@every_kernel
@centred_or_not
@pytest.mark.parametrize("seed", range(5))
def test_the_agop_is_the_mean_outer_product_of_autograds_jacobians(
    kernel, formula, centering, seed
):
    M, x, coefficients = fitted_predictor(seed)
    K = kernel.gram(M, x, x)
    expected = oracles.naive_agop(
        formula, M, oracles.dense_rows(x), coefficients, centering=centering
    )
    found = agop(kernel, M, x, coefficients, K, centering=centering)
    assert oracles.relative_error(found, expected) < 1e-10
    assert torch.equal(found, found.T)


@every_kernel
@centred_or_not
def test_the_agop_of_rows_with_three_active_coordinates(kernel, formula, centering):
    generator = torch.Generator().manual_seed(1)
    active = torch.randint(4, (20, 3), generator=generator) + torch.tensor([0, 4, 8])
    x = OneHot(active, 12)
    M = oracles.random_feature_matrix(12, generator)
    coefficients = torch.randn(20, 5, dtype=torch.float64, generator=generator)
    expected = oracles.naive_agop(
        formula, M, oracles.dense_rows(x), coefficients, centering=centering
    )
    found = agop(kernel, M, x, coefficients, kernel.gram(M, x, x), centering=centering)
    assert oracles.relative_error(found, expected) < 1e-10


@centred_or_not
@pytest.mark.parametrize("seed", range(3))
def test_streaming_the_quadratic_kernel_gives_its_closed_form(centering, seed):
    kernel = Quadratic()
    M, x, coefficients = fitted_predictor(seed, n=9)
    streamed = streamed_agop(kernel, M, x, coefficients, kernel.gram(M, x, x), centering=centering)
    closed = kernel.agop(M, x, coefficients, centering)
    assert oracles.relative_error(streamed, closed) < 1e-11


@every_streamed_kernel
@pytest.mark.parametrize("points", [1, 7, 10**6])
@pytest.mark.parametrize("rows", [1, 5, 10**6])
def test_the_streamed_agop_does_not_depend_on_the_blocks(
    kernel, formula, points, rows, monkeypatch
):
    M, x, coefficients = fitted_predictor(0)
    K = kernel.gram(M, x, x)
    expected = oracles.naive_agop(formula, M, oracles.dense_rows(x), coefficients, centering=True)
    monkeypatch.setattr("grokrfm.rfm.agop.FEWEST_TILES", 1)
    monkeypatch.setattr("grokrfm.rfm.agop.TILE", 1)
    monkeypatch.setitem(BLOCK_NUMBERS, "cpu", points * x.width * coefficients.shape[1])
    monkeypatch.setitem(BLOCK_ENTRIES, "cpu", rows * len(x))
    found = streamed_agop(kernel, M, x, coefficients, K, centering=True)
    assert oracles.relative_error(found, expected) < 1e-10


@every_kernel
@centred_or_not
def test_the_agop_leaves_its_arguments_as_they_were(kernel, formula, centering):
    M, x, coefficients = fitted_predictor(0)
    arguments = M, x.active, coefficients, kernel.gram(M, x, x)
    before = [tensor.clone() for tensor in arguments]
    agop(kernel, M, x, coefficients, arguments[-1], centering=centering)
    assert all(torch.equal(now, then) for now, then in zip(arguments, before, strict=True))


def test_the_agop_of_the_gaussian_kernel_finds_the_outputs():
    M, x, coefficients = fitted_predictor(0)
    K = Gaussian(2.5).gram(M, x, x)
    _, outputs = agop_of(Gaussian(2.5))(M, x, coefficients, K, centering=True)
    assert oracles.relative_error(outputs, K @ coefficients) < 1e-14
    assert agop_of(Laplace(2.5))(M, x, coefficients, K, centering=True).outputs is None


@every_kernel
def test_the_agop_of_nothing_is_zero(kernel, formula):
    M, x, coefficients = fitted_predictor(0)
    K = kernel.gram(M, x, x)
    assert (agop(kernel, M, x, 0 * coefficients, K, centering=True) == 0).all()


@every_kernel
def test_centering_changes_the_agop(kernel, formula):
    M, x, coefficients = fitted_predictor(0)
    K = kernel.gram(M, x, x)
    centred, plain = (agop(kernel, M, x, coefficients, K, centering=c) for c in (True, False))
    assert oracles.relative_error(centred, plain) > 1e-3


@pytest.fixture
def semidefinite():
    return oracles.random_feature_matrix(8, torch.Generator().manual_seed(0))


def test_the_square_root_squares_back(semidefinite):
    root = matrix_power(semidefinite, 0.5)
    assert torch.equal(root, root.T)
    assert torch.linalg.eigvalsh(root).min() > 0
    assert oracles.relative_error(root @ root, semidefinite) < 1e-12


def test_the_first_power_is_the_matrix(semidefinite):
    assert oracles.relative_error(matrix_power(semidefinite, 1.0), semidefinite) < 1e-13


def test_powers_add_up(semidefinite):
    product = matrix_power(semidefinite, 0.3) @ matrix_power(semidefinite, 0.7)
    assert oracles.relative_error(product, semidefinite) < 1e-12


def test_the_power_of_a_diagonal_matrix_is_that_of_its_entries():
    diagonal = torch.tensor([4.0, 9.0, 0.0, 1.0], dtype=torch.float64)
    expected = torch.tensor([2.0, 3.0, 0.0, 1.0], dtype=torch.float64)
    assert torch.allclose(matrix_power(diagonal.diag(), 0.5), expected.diag(), atol=1e-15)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_eigenvalues_that_rounding_made_negative_count_as_zero(power):
    rotation = torch.linalg.qr(torch.arange(9.0, dtype=torch.float64).reshape(3, 3).cos())[0]
    values = torch.tensor([2.0, 1.0, -1e-3], dtype=torch.float64)
    clamped = torch.tensor([2.0, 1.0, 0.0], dtype=torch.float64)
    found = matrix_power(rotation @ values.diag() @ rotation.T, power)
    expected = rotation @ clamped.pow(power).diag() @ rotation.T
    assert torch.allclose(found, expected, atol=1e-13)


@every_streamed_kernel
def test_a_small_memory_means_small_blocks_and_the_same_agop(kernel, formula):
    M, x, coefficients = fitted_predictor(0)
    K = kernel.gram(M, x, x)
    unbounded, bounded = (
        streamed_agop(kernel, M, x, coefficients, K, centering=True, memory=memory)
        for memory in (1e9, 1.0)
    )
    assert oracles.relative_error(bounded, unbounded) < 1e-13
