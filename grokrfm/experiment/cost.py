"""Estimates of the duration and the memory of a run from its sizes."""

from __future__ import annotations

from grokrfm.rfm.symmetric import RowOrbits

FLOPS = 1.5e10
"""Operations per second before any run was measured; a core of today does a few times more."""

OVERHEAD_SECONDS = 2e-3
"""Of an iteration, whatever its size."""


def estimated_seconds(iterations: int, n: int, width: int, classes: int, orbit: int = 1) -> float:
    """Estimate the duration of a run with n training rows, `width` coordinates and c classes.

    Cholesky n³/3, the grouped sums of the AGOP 4n²c, its symmetric product n·c·d², the root 10 d³.
    Solved on r = n/s representatives of orbits of s rows: s blocks of order r, and r points.
    """
    r = n / orbit
    points = 4 * n * r * classes + r * classes * width**2
    operations = orbit * r**3 / 3 + points + 10 * width**3
    return iterations * (OVERHEAD_SECONDS + operations / FLOPS)


def kernel_matrix_bytes(n: int, orbits: RowOrbits | None, dtype: str) -> float:
    """Return the size of the kernel matrix of n training rows, or of its blocks: n²/s numbers."""
    return (4.0 if dtype == "float32" else 8.0) * n**2 / (orbits.s if orbits else 1)
