"""Start that breaks a symmetry in M₀ instead of in the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import SettingError, positive
from grokrfm.rfm.start.start import GivenStart, reflection
from grokrfm.tasks import Task, require_two_operands


@dataclass(frozen=True)
class Perturbed(GivenStart):
    """Start with M₀ = I + ε·√d·E, E random and odd under a reflection, so that only E breaks it.

    E is symmetric, has Frobenius norm 1 and is 0 outside the blocks that pair the two operands (the
    cross block); Π(sr^k) E Π(sr^k)ᵀ = −E. As ‖I‖ = √d, ε is the relative size of the perturbation.
    For the swap of a + b the cross block is antisymmetric.

    Parameters
    ----------
    epsilon : float   ε; M₀ stays positive definite up to about 0.5
    odd_under         the group element k of the reflection, in the group's own notation; None takes
                      the identity, the swap of addition and multiplication
    """

    epsilon: float
    odd_under: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", positive("epsilon", self.epsilon))

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        require_two_operands(task)
        group = task.group
        element = group.elements[group.identity] if self.odd_under is None else self.odd_under
        P = reflection(task, element, "odd_under").permutation_matrix()
        n = group.order
        E = np.zeros(P.shape)
        E[n:, :n] = rng.standard_normal((n, n))
        E += E.T
        E -= P @ E @ P.T
        M = np.eye(2 * n) + self.epsilon * np.sqrt(2 * n) * E / np.linalg.norm(E)
        smallest = np.linalg.eigvalsh(M)[0]
        if smallest < 0:
            raise SettingError(
                "epsilon",
                f"{self.epsilon:g} makes an M_0 that is not positive semi-definite (its smallest"
                f" eigenvalue is {smallest:.3g}); choose a smaller value, such as 0.01",
            )
        return (M + M.T) / 2
