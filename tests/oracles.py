"""Slow, plain versions of what the package computes, to be checked by eye.

A kernel here is a function k(M, x, z) of two dense vectors, written as in the papers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from grokrfm.kernels import OneHot

Formula = Callable[[Tensor, Tensor, Tensor], Tensor]


def gaussian(bandwidth: float) -> Formula:
    def k(M: Tensor, x: Tensor, z: Tensor) -> Tensor:
        squared_distance = (x - z) @ M @ (x - z)
        return torch.exp(-squared_distance / (2 * bandwidth**2))

    return k


def quadratic(M: Tensor, x: Tensor, z: Tensor) -> Tensor:
    return 3 * (x @ M @ z) ** 2


def general_quadratic(M: Tensor, x: Tensor, z: Tensor) -> Tensor:
    return (x @ M @ x - 1) * (z @ M @ z - 1) / 2 + (x @ M @ z) ** 2


def laplace(bandwidth: float) -> Formula:
    def k(M: Tensor, x: Tensor, z: Tensor) -> Tensor:
        squared_distance = (x - z) @ M @ (x - z)
        apart = squared_distance > 0  # at the cusp the derivative counts as 0
        distance = torch.where(apart, squared_distance, 1.0).sqrt() * apart
        return torch.exp(-distance / bandwidth)

    return k


def dense_rows(x: OneHot) -> Tensor:
    """(m, d) float64."""
    rows = torch.zeros(len(x), x.width, dtype=torch.float64)
    for i, coordinates in enumerate(x.active.tolist()):
        for coordinate in coordinates:
            rows[i, coordinate] += 1
    return rows


def naive_gram(k: Formula, M: Tensor, X: Tensor, Z: Tensor) -> Tensor:
    """(m, n), entry by entry."""
    return torch.stack([torch.stack([k(M, x, z) for z in Z]) for x in X])


def naive_outputs(k: Formula, M: Tensor, X: Tensor, coefficients: Tensor, points: Tensor) -> Tensor:
    """(m, c), f(point) = Σ_i coefficients[i]·k(point, x_i) at each point."""
    return naive_gram(k, M, points, X) @ coefficients


def naive_jacobians(k: Formula, M: Tensor, X: Tensor, coefficients: Tensor) -> Tensor:
    """(n, c, d), the derivative of f(·) = Σ_i coefficients[i]·k(·, x_i) at each x_j by autograd."""

    def f(point: Tensor) -> Tensor:
        kernel_values = vmap(lambda row: k(M, point, row))(X)
        return kernel_values @ coefficients

    return vmap(jacrev(f))(X)


def naive_agop(
    k: Formula, M: Tensor, X: Tensor, coefficients: Tensor, *, centering: bool
) -> Tensor:
    """(d, d), the mean of J_jᵀ J_j."""
    jacobians = naive_jacobians(k, M, X, coefficients)
    if centering:
        jacobians = jacobians - jacobians.mean(dim=0)
    return sum(J.T @ J for J in jacobians) / len(X)


def random_feature_matrix(d: int, generator: torch.Generator) -> Tensor:
    """(d, d), symmetric positive definite, with entries of order 1."""
    root = torch.randn(d, d, dtype=torch.float64, generator=generator)
    return root @ root.T / d


def relative_error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())
