"""Start with random features of the form that grokking runs learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.rfm.agop import matrix_power
from grokrfm.rfm.start.start import GivenStart
from grokrfm.tasks import Task, fixing_reflection


@dataclass(frozen=True)
class RandomCirculant(GivenStart):
    """Start with the square root of [[A, Cᵀ], [C, A]], A = I − 11ᵀ/n, C circulant.

    Entry (b, a) of C is v[k] for the reflection sr^k that fixes (a, b), that is k = a⁻¹·φ(b); v has
    n entries drawn from U[0, 1], minus their mean. For addition C is circulant, for subtraction a
    Hankel matrix, and for × and ÷ it is one or the other in the order of discrete logarithms.

    The eigenvalues of the matrix as written are 1 ± those of C in magnitude, which exceed 1 unless
    n is small; the negative ones are set to 0, as in the root of an AGOP. Meant for one fit and no
    update (rfm.iterations=1).

    Source: arXiv:2407.20199, the experiment with random circulant features.
    """

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        k = fixing_reflection(task)
        n = len(k)
        drawn = rng.random(n)
        C = (drawn - drawn.mean())[k].T
        A = np.eye(n) - 1 / n
        product = torch.as_tensor(np.block([[A, C.T], [C, A]]))
        return matrix_power(product, 0.5).numpy()
