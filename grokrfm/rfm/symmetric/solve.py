"""Solvers for the Hermitian blocks of a kernel matrix: (K_χ + ridge·I) α_χ = Y_χ for every χ.

They behave as their namesakes in grokrfm.rfm.solve, where one matrix stands for all blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from grokrfm.checks import NumericsError


class BlockSolution(NamedTuple):
    """Name of the factorisation used, and the function that applies the inverses to (H, R, k)."""

    solver: str
    inverse: Callable[[Tensor], Tensor]


def cholesky(blocks: Tensor) -> BlockSolution:
    """Cholesky factorisation of every block, (H, R, R), the ridge included.

    Raises
    ------
    NumericsError   if a block is not positive definite to working precision
    """
    factor, failed_at = torch.linalg.cholesky_ex(blocks)
    failed = int((failed_at != 0).sum())
    if failed:
        raise NumericsError(
            f"K + ridge·I is not positive definite to working precision ({failed} of"
            f" {len(blocks)} blocks); raise rfm.ridge (1e-8 is enough in every known case), or set"
            " rfm.solver=lu or rfm.solver=min_norm, which do not need this"
        )
    return BlockSolution("cholesky", lambda B: torch.cholesky_solve(B, factor))


def lu(blocks: Tensor) -> BlockSolution:
    """LU with partial pivoting of every block.

    Raises
    ------
    NumericsError   if a pivot is exactly 0
    """
    factor, pivots, failed_at = torch.linalg.lu_factor_ex(blocks)
    if bool(failed_at.any()):
        raise NumericsError(
            "K + ridge·I is exactly singular; raise rfm.ridge or set rfm.solver=min_norm"
        )
    return BlockSolution("lu", lambda B: torch.linalg.lu_solve(factor, pivots, B))


def min_norm(blocks: Tensor) -> BlockSolution:
    """Least-squares solution of smallest norm; the cutoff is that of the whole matrix."""
    if not bool(torch.view_as_real(blocks).isfinite().all()):
        raise NumericsError("K is not finite")
    values, vectors = torch.linalg.eigh(blocks)
    cutoff = values.numel() * torch.finfo(values.dtype).eps * values.abs().max()
    inverse = torch.where(values.abs() > cutoff, 1 / values, 0)[..., None]
    return BlockSolution("min_norm", lambda B: vectors @ (inverse * (vectors.mH @ B)))


def cholesky_or_lu(blocks: Tensor) -> BlockSolution:
    """Cholesky, or LU of every block if it fails for one."""
    try:
        return cholesky(blocks)
    except NumericsError:
        return lu(blocks)


BLOCK_SOLVERS: Mapping[str, Callable[[Tensor], BlockSolution]] = {
    solver.__name__: solver for solver in (cholesky, lu, min_norm, cholesky_or_lu)
}
