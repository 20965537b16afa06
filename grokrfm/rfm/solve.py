"""Ridge regression in the kernel's function space: (K + ridge·I) α = Y, by a solver of choice.

None of them repairs anything in silence: each says below what it does with a matrix that is
singular to working precision. K is left as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from grokrfm.checks import NumericsError

Solution = tuple[Tensor, str]
"""The coefficients α (n, c), and the name of the factorisation that made them."""

Solver = Callable[[Tensor, float, Tensor], Solution]


def cholesky(K: Tensor, ridge: float, Y: Tensor) -> Solution:
    """K + ridge·I = L Lᵀ.

    Raises
    ------
    NumericsError   if the matrix is not positive definite to working precision
    """
    with _ridge_added(K, ridge):
        factor, failed_at = torch.linalg.cholesky_ex(K)
    minor = int(failed_at)
    if minor:
        raise NumericsError(
            f"K + ridge·I is not positive definite to working precision (leading minor {minor} of"
            f" {len(K)}); raise rfm.ridge (now {ridge:g}; 1e-8 is enough for every case known), or"
            " set rfm.solver=lu or rfm.solver=min_norm to solve it as it is"
        )
    return torch.cholesky_solve(Y, factor), "cholesky"


def lu(K: Tensor, ridge: float, Y: Tensor) -> Solution:
    """LU with partial pivoting: solves any matrix that is not exactly singular, however badly.

    Raises
    ------
    NumericsError   if a pivot is exactly 0
    """
    with _ridge_added(K, ridge):
        factor, pivots, failed_at = torch.linalg.lu_factor_ex(K)
    if int(failed_at):
        raise NumericsError(
            f"K + ridge·I is exactly singular (pivot {int(failed_at)} of {len(K)} is 0); raise"
            f" rfm.ridge (now {ridge:g}) or set rfm.solver=min_norm"
        )
    return torch.linalg.lu_solve(factor, pivots, Y), "lu"


def min_norm(K: Tensor, ridge: float, Y: Tensor) -> Solution:
    """The least-squares solution of smallest norm, by the eigenvectors of K + ridge·I.

    Eigenvalues below n·ε·(the largest in magnitude) count as 0. Some twenty times the cost of
    Cholesky; meant for small, truly singular problems.
    """
    with _ridge_added(K, ridge):
        values, vectors = torch.linalg.eigh(K)
    cutoff = len(K) * torch.finfo(K.dtype).eps * values.abs().max()
    inverse = torch.where(values.abs() > cutoff, 1 / values, 0)
    return vectors @ (inverse[:, None] * (vectors.T @ Y)), "min_norm"


def cholesky_or_lu(K: Tensor, ridge: float, Y: Tensor) -> Solution:
    """Cholesky, and LU where it fails; the Solution says which, so that a record can."""
    try:
        return cholesky(K, ridge, Y)
    except NumericsError:
        return lu(K, ridge, Y)


SOLVERS: Mapping[str, Solver] = {
    solver.__name__: solver for solver in (cholesky, lu, min_norm, cholesky_or_lu)
}


@contextmanager
def _ridge_added(K: Tensor, ridge: float) -> Iterator[None]:
    """K + ridge·I in the place of K while the context lasts; a copy would cost as much as K."""
    diagonal = K.diagonal()
    before = diagonal.clone()
    diagonal.add_(ridge)
    try:
        yield
    finally:
        diagonal.copy_(before)
