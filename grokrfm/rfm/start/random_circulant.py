"""Random features of the form that grokking runs end with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grokrfm.rfm.start.start import GivenStart
from grokrfm.tasks import Task, fixing_reflection


@dataclass(frozen=True)
class RandomCirculant(GivenStart):
    """M₀ is the positive semi-definite part of [[A, Cᵀ], [C, A]], A = I − 11ᵀ/n, C circulant.

    Entry (b, a) of C is v[k] for the reflection sr^k that fixes (a, b), that is k = a⁻¹·φ(b); v has
    n entries drawn from U[0, 1], minus their mean. For addition C is circulant, for subtraction a
    Hankel matrix, and for × and ÷ it is one or the other in the order of discrete logarithms.

    A and C have a common basis of eigenvectors where C has eigenvalues beyond 1, so that the matrix
    as written is never a feature matrix at p > 12; negative eigenvalues are set to 0, as in
    the root of an AGOP. With one fit and no updates (rfm.iterations=1) its test accuracy rises with
    the share of training rows as published (addition mod 61, Gaussian kernel, 25 to 40 %:
    51, 76, 91, 98 % against 57, 82, 96, 99 %).

    Source: arXiv:2407.20199, the experiment with random circulant features.
    """

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        k = fixing_reflection(task)
        n = len(k)
        drawn = rng.random(n)
        C = (drawn - drawn.mean())[k].T
        A = np.eye(n) - 1 / n
        eigenvalues, V = np.linalg.eigh(np.block([[A, C.T], [C, A]]))
        M = (V * eigenvalues.clip(min=0)) @ V.T
        return (M + M.T) / 2
