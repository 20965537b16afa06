import numpy as np
import pytest
import torch

from grokrfm.checks import NumericsError
from grokrfm.rfm import solve
from grokrfm.rfm.solve import (
    REFINED,
    SOLVERS,
    cholesky,
    cholesky_or_lu,
    condition,
    lu,
    min_norm,
    mixed,
)
from tests import oracles


def solved(solver, K, ridge, Y):
    """The Solution of a solver, with memory of its own to work in."""
    return solver(K, ridge, Y, torch.empty_like(K))


every_solver = pytest.mark.parametrize("name", SOLVERS)
every_ridge = pytest.mark.parametrize("ridge", [0, 1e-8, 0.5])


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def targets(n, generator):
    return torch.randn(n, 3, dtype=torch.float64, generator=generator)


def of_rank(rank, n, generator):
    root = torch.randn(n, rank, dtype=torch.float64, generator=generator)
    return root @ root.T


def indefinite():
    return torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64)


def exactly_singular():
    return torch.ones(4, 4, dtype=torch.float64)


def test_the_solvers_are_known_by_the_names_of_the_configuration():
    assert set(SOLVERS) == {"cholesky", "lu", "min_norm", "mixed", "cholesky_or_lu"}


@every_solver
@every_ridge
def test_a_solver_solves_the_ridge_equations(name, ridge, generator):
    K = oracles.random_feature_matrix(12, generator) + torch.eye(12, dtype=torch.float64)
    Y = targets(12, generator)
    found = solved(SOLVERS[name], K, ridge, Y).coefficients
    expected = np.linalg.solve(K.numpy() + ridge * np.eye(12), Y.numpy())
    assert oracles.relative_error(found, torch.from_numpy(expected)) < 1e-12


@every_solver
@every_ridge
def test_a_solver_leaves_its_arguments_as_they_were(name, ridge, generator):
    K = oracles.random_feature_matrix(12, generator) + torch.eye(12, dtype=torch.float64)
    Y = targets(12, generator)
    K_before, Y_before = K.clone(), Y.clone()
    solved(SOLVERS[name], K, ridge, Y)
    assert torch.equal(K, K_before)
    assert torch.equal(Y, Y_before)


@pytest.mark.parametrize("solver", [cholesky, lu, cholesky_or_lu])
def test_a_solver_that_fails_leaves_its_arguments_as_they_were(solver, generator):
    K, Y = -0.25 * torch.eye(3, dtype=torch.float64), targets(3, generator)
    K_before, Y_before = K.clone(), Y.clone()
    with pytest.raises(NumericsError):
        solved(solver, K, 0.25, Y)
    assert torch.equal(K, K_before)
    assert torch.equal(Y, Y_before)


@pytest.mark.parametrize(
    ("solver", "name"),
    [
        (cholesky, "cholesky"),
        (lu, "lu"),
        (min_norm, "min_norm"),
        (mixed, "mixed"),
        (cholesky_or_lu, "cholesky"),
    ],
)
def test_a_solution_names_its_factorisation(solver, name, generator):
    K = torch.eye(3, dtype=torch.float64)
    assert solved(solver, K, 0, targets(3, generator))[1] == name


@pytest.mark.parametrize("K", [indefinite(), exactly_singular()])
def test_cholesky_reports_a_matrix_that_is_not_positive_definite(K, generator):
    with pytest.raises(NumericsError, match=rf"leading minor 2 of {len(K)}") as failure:
        solved(cholesky, K, 0, targets(len(K), generator))
    assert "rfm.ridge" in str(failure.value)
    assert "rfm.solver" in str(failure.value)


def test_lu_solves_what_cholesky_cannot(generator):
    Y = targets(2, generator)
    expected = np.linalg.solve(indefinite().numpy(), Y.numpy())
    for solver in (lu, cholesky_or_lu):
        found, name, _ = solved(solver, indefinite(), 0, Y)
        assert name == "lu"
        assert oracles.relative_error(found, torch.from_numpy(expected)) < 1e-14


@pytest.mark.parametrize("solver", [lu, cholesky_or_lu])
def test_lu_reports_an_exactly_singular_matrix(solver, generator):
    with pytest.raises(NumericsError, match=r"exactly singular \(pivot 2 of 4 is 0\)") as failure:
        solved(solver, exactly_singular(), 0, targets(4, generator))
    assert "rfm.ridge" in str(failure.value)
    assert "rfm.solver=min_norm" in str(failure.value)


@every_solver
def test_a_ridge_makes_a_singular_matrix_solvable(name, generator):
    Y = targets(4, generator)
    found = solved(SOLVERS[name], exactly_singular(), 0.1, Y).coefficients
    expected = np.linalg.solve(np.ones((4, 4)) + 0.1 * np.eye(4), Y.numpy())
    assert oracles.relative_error(found, torch.from_numpy(expected)) < 1e-12


@pytest.mark.parametrize("rank", [1, 4, 9])
def test_min_norm_is_the_pseudo_inverse_of_a_singular_matrix(rank, generator):
    K, Y = of_rank(rank, 10, generator), targets(10, generator)
    found = solved(min_norm, K, 0, Y).coefficients
    expected = np.linalg.pinv(K.numpy(), rcond=1e-12) @ Y.numpy()
    assert oracles.relative_error(found, torch.from_numpy(expected)) < 1e-9


def test_min_norm_inverts_negative_eigenvalues_too(generator):
    Y = targets(2, generator)
    found = solved(min_norm, indefinite(), 0, Y).coefficients
    expected = np.linalg.solve(indefinite().numpy(), Y.numpy())
    assert oracles.relative_error(found, torch.from_numpy(expected)) < 1e-14


def of_condition(number, n, generator):
    """(n, n) symmetric positive definite with eigenvalues from 1 to 1/number."""
    rotation = torch.linalg.qr(torch.randn(n, n, dtype=torch.float64, generator=generator))[0]
    values = torch.logspace(0, -np.log10(number), n, dtype=torch.float64)
    K = (rotation * values) @ rotation.T
    return (K + K.T) / 2


@pytest.mark.parametrize("number", [10.0, 1e3, 1e5])
def test_mixed_reaches_its_residual_where_float32_can_help(number, generator):
    K, Y = of_condition(number, 40, generator), targets(40, generator)
    residual = Y - K @ solved(mixed, K, 0, Y).coefficients
    assert (residual.norm(dim=0) / Y.norm(dim=0)).max() <= REFINED
    assert not torch.equal(
        solved(mixed, K, 0, Y).coefficients, solved(cholesky, K, 0, Y).coefficients
    )


@pytest.mark.parametrize("number", [1e9, 1e12])
def test_mixed_refuses_what_it_cannot_refine(number, generator):
    K, Y = of_condition(number, 40, generator), targets(40, generator)
    with pytest.raises(NumericsError, match=r"set rfm\.solver=cholesky"):
        solved(mixed, K, 0, Y)
    assert solved(cholesky, K, 0, Y).solver == "cholesky"


@pytest.mark.parametrize("name", ["cholesky", "lu", "min_norm"])
@pytest.mark.parametrize("number", [10.0, 1e4, 1e8])
@pytest.mark.parametrize("seed", range(5))
def test_the_condition_is_estimated_from_below_and_closely(name, number, seed):
    generator = torch.Generator().manual_seed(seed)
    K, Y = of_condition(number, 30, generator), targets(30, generator)
    ridge = 1e-3
    estimate = float(condition(K, ridge, solved(SOLVERS[name], K, ridge, Y).inverse))
    truth = float(torch.linalg.cond(K + ridge * torch.eye(30, dtype=torch.float64), 1))
    assert truth / 3 < estimate <= truth * (1 + 1e-6)


def test_mixed_refines_also_where_a_class_has_no_training_row(generator):
    K, Y = of_condition(1e3, 40, generator), targets(40, generator)
    Y[:, 1] = 0
    exact = solved(cholesky, K, 0, Y).coefficients
    assert oracles.relative_error(solved(mixed, K, 0, Y).coefficients, exact) < 1e-11


def test_min_norm_reports_a_matrix_that_is_not_finite(generator):
    with pytest.raises(NumericsError, match="not finite"):
        solved(
            min_norm, torch.full((3, 3), torch.nan, dtype=torch.float64), 0, targets(3, generator)
        )


@pytest.mark.parametrize("rows", [1, 7, 16, 40, 100])
def test_substitution_by_blocks_is_substitution(rows, generator, monkeypatch):
    monkeypatch.setattr(solve, "SUBSTITUTION_ROWS", rows)
    K, B = of_condition(1e3, 40, generator), targets(40, generator)
    found = solve.substituted(torch.linalg.cholesky(K), B)
    assert oracles.relative_error(K @ found, B) < 1e-12
