"""Solvers for ridge regression in the kernel's function space: (K + ridge·I) α = Y.

No solver repairs anything silently: each docstring states the behaviour for a matrix that is
singular to working precision. K is unchanged afterwards. `workspace`, (n, n) like K, is memory that
a solver may use for its factor; new memory would cost a tenth of the factorisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from grokrfm.checks import NumericsError

SUBSTITUTION_ROWS = 192
"""Rows of a triangular factor taken at a time on a CPU."""

REFINED = 1e-11
"""Largest relative residual of a column that `mixed` accepts."""


class Solution(NamedTuple):
    """Result of a solver.

    Parameters
    ----------
    coefficients : (n, c)   α
    solver : str            the factorisation used
    inverse                 applies (K + ridge·I)⁻¹ to (n, k), from the factor
    """

    coefficients: Tensor
    solver: str
    inverse: Callable[[Tensor], Tensor]


Solver = Callable[[Tensor, float, Tensor, Tensor], Solution]


def cholesky(K: Tensor, ridge: float, Y: Tensor, workspace: Tensor) -> Solution:
    """Cholesky factorisation K + ridge·I = L Lᵀ.

    Raises
    ------
    NumericsError   if the matrix is not positive definite to working precision
    """
    factor, failed_at = _factored(K, ridge, workspace)
    minor = int(failed_at)
    if minor:
        single = K.dtype == torch.float32
        enough = "set rfm.dtype=float64" if single else "1e-8 is enough in every known case"
        raise NumericsError(
            f"K + ridge·I is not positive definite to working precision (leading minor {minor} of"
            f" {len(K)}); raise rfm.ridge (now {ridge:g}; {enough}), or set rfm.solver=lu or"
            " rfm.solver=min_norm, which do not need this"
        )
    return _solution(Y, "cholesky", lambda B: substituted(factor, B))


def batched_cholesky(K: Tensor, ridge: Tensor, Y: Tensor, workspace: Tensor) -> Solution:
    """`cholesky` of a batch: K (B, n, n), ridge (B, 1), Y (B, n, c).

    Raises
    ------
    NumericsError   if any matrix is not positive definite; solving them alone shows which
    """
    factor, failed_at = _factored(K, ridge, workspace)
    if failed_at.any():
        raise NumericsError("a matrix of the batch is not positive definite to working precision")
    return _solution(Y, "cholesky", lambda B: substituted(factor, B))


def lu(K: Tensor, ridge: float, Y: Tensor, workspace: Tensor) -> Solution:
    """LU with partial pivoting; solves any matrix that is not exactly singular, even inaccurately.

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
    return _solution(Y, "lu", lambda B: torch.linalg.lu_solve(factor, pivots, B))


def min_norm(K: Tensor, ridge: float, Y: Tensor, workspace: Tensor) -> Solution:
    """Least-squares solution of smallest norm, by the eigenvectors of K + ridge·I.

    Eigenvalues below n·ε·(the largest in magnitude) count as 0. The cost is about twenty times that
    of Cholesky; meant for small, exactly singular problems.
    """
    if not K.isfinite().all():
        raise NumericsError("K is not finite")
    with _ridge_added(K, ridge):
        values, vectors = torch.linalg.eigh(K)
    cutoff = len(K) * torch.finfo(K.dtype).eps * values.abs().max()
    inverse = torch.where(values.abs() > cutoff, 1 / values, 0)[:, None]
    return _solution(Y, "min_norm", lambda B: vectors @ (inverse * (vectors.T @ B)))


def mixed(K: Tensor, ridge: float, Y: Tensor, workspace: Tensor) -> Solution:
    """Cholesky in float32, refined in the precision of K to a relative residual of REFINED.

    Meant for devices on which float64 is slow. Each refinement gains about 7 − log10(condition)
    digits, so the condition number must be below about 1e6.

    Raises
    ------
    NumericsError   if the float32 factorisation fails or the residual stops falling above REFINED
    """
    with _ridge_added(K, ridge):
        factor, failed_at = torch.linalg.cholesky_ex(K.float())
        if int(failed_at):
            raise NumericsError(
                "K + ridge·I is not positive definite in float32; rfm.solver=mixed needs a"
                " condition number below about 1e6: set rfm.solver=cholesky"
            )
        scale = Y.norm(dim=0)
        scale[scale == 0] = 1  # a class without a training row has a target of zeros
        total = torch.zeros_like(Y)
        residual, worst = Y, 1.0
        while worst > REFINED:
            total = total + torch.cholesky_solve(residual.float(), factor).to(K.dtype)
            residual = Y - K @ total
            before, worst = worst, float((residual.norm(dim=0) / scale).max())
            if not math.isfinite(worst) or (worst > REFINED and worst >= before / 2):
                raise NumericsError(
                    f"rfm.solver=mixed stopped converging at a relative residual of {worst:.1e} (it"
                    f" needs {REFINED:g}): K is too ill-conditioned; set rfm.solver=cholesky"
                )
    inverse = lambda B: torch.cholesky_solve(B.float(), factor).to(K.dtype)  # noqa: E731
    return Solution(total, "mixed", inverse)


def cholesky_or_lu(K: Tensor, ridge: float, Y: Tensor, workspace: Tensor) -> Solution:
    """Cholesky, or LU if it fails; the Solution names the one used, for the record."""
    try:
        return cholesky(K, ridge, Y, workspace)
    except NumericsError:
        return lu(K, ridge, Y, workspace)


SOLVERS: Mapping[str, Solver] = {
    solver.__name__: solver for solver in (cholesky, lu, min_norm, mixed, cholesky_or_lu)
}


BATCHED_SOLVERS: Mapping[str, Callable[[Tensor, Tensor, Tensor, Tensor], Solution]] = {
    "cholesky": batched_cholesky,
    "cholesky_or_lu": batched_cholesky,
}
"""Solvers for a batch of runs; if one matrix fails, the runs are solved alone."""


def substituted(L: Tensor, B: Tensor) -> Tensor:
    """(L Lᵀ)⁻¹ B, (..., n, k), for lower triangular L (..., n, n) and B (..., n, k).

    On a CPU it works by blocks of rows, so that nearly all work is products of matrices: MKL solves
    a few dozen right-hand sides at only 40 % of the speed of a product.
    """
    n, rows = L.shape[-1], SUBSTITUTION_ROWS
    if L.is_cuda or n <= 5 * rows:
        return torch.cholesky_solve(B, L)
    if L.dim() > 2:
        return torch.stack([substituted(*one) for one in zip(L, B, strict=True)])
    X = B.mT.contiguous().mT
    blocks = [slice(start, min(start + rows, n)) for start in range(0, n, rows)]
    for block in blocks:
        before = slice(0, block.start)
        X[block].addmm_(L[block, before], X[before], alpha=-1)
        X[block] = torch.linalg.solve_triangular(L[block, block], X[block], upper=False)
    for block in reversed(blocks):
        after = slice(block.stop, n)
        X[block].addmm_(L[after, block].mT, X[after], alpha=-1)
        X[block] = torch.linalg.solve_triangular(L[block, block].mT, X[block], upper=True)
    return X


def condition(K: Tensor, ridge: float, inverse: Callable[[Tensor], Tensor]) -> Tensor:
    """Estimate of the condition number of K + ridge·I in the one-norm, from a factor: O(n²).

    A lower bound, nearly always within a factor of 3 of the exact value: a few steps of maximising
    ‖(K + ridge·I)⁻¹ x‖ over the unit ball of the one-norm.

    Source: N. J. Higham, ACM Trans. Math. Softw. 14 (1988), algorithm 4.1, as LAPACK's xLACON.
    """
    with _ridge_added(K, ridge):
        norm = K.abs().sum(dim=0).max()
    return condition_of(norm, len(K), K, inverse)


def condition_of(norm: Tensor, n: int, like: Tensor, inverse: Callable[[Tensor], Tensor]) -> Tensor:
    """`condition` of a matrix of order n with the given one-norm; `like` gives dtype and device."""
    x = like.new_full((n, 1), 1 / n)
    best = like.new_zeros(())
    for _ in range(5):
        y = inverse(x)
        if not y.abs().sum() > best:
            break
        best = y.abs().sum()
        z = inverse(torch.where(y < 0, -1.0, 1.0).to(like.dtype))  # the matrix is symmetric
        steepest = z.abs().argmax()
        if z.abs().max() <= (z.T @ x).squeeze():
            break
        x = torch.zeros_like(x)
        x[steepest] = 1
    i = torch.arange(n, device=like.device)
    alternating = torch.where(i % 2 == 0, 1.0, -1.0).to(like.dtype) * (1 + i / max(n - 1, 1))
    best = torch.maximum(best, 2 * inverse(alternating[:, None]).abs().sum() / (3 * n))
    return norm * best


def _factored(K: Tensor, ridge: float | Tensor, workspace: Tensor) -> tuple[Tensor, Tensor]:
    """Factor L of K + ridge·I = L Lᵀ in the memory of `workspace`, and the failed minor or 0."""
    factor = workspace.mT  # LAPACK's order of elements: factored in place, nothing is transposed
    factor.copy_(K.mT)
    factor.diagonal(dim1=-2, dim2=-1).add_(ridge)
    failed_at = torch.empty(K.shape[:-2], dtype=torch.int32, device=K.device)
    torch.linalg.cholesky_ex(factor, out=(factor, failed_at))
    return factor, failed_at


def _solution(Y: Tensor, solver: str, inverse: Callable[[Tensor], Tensor]) -> Solution:
    return Solution(inverse(Y), solver, inverse)


@contextmanager
def _ridge_added(K: Tensor, ridge: float) -> Iterator[None]:
    """Add the ridge to K in place within the context; a copy would cost as much memory as K."""
    diagonal = K.diagonal()
    before = diagonal.clone()
    diagonal.add_(ridge)
    try:
        yield
    finally:
        diagonal.copy_(before)
