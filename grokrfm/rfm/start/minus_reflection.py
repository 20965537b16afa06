"""Start that encodes a reflection by a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import number
from grokrfm.rfm.start.start import GivenStart, reflection
from grokrfm.tasks import Task


@dataclass(frozen=True)
class MinusReflection(GivenStart):
    """Start with M₀ = I − c·Π(sr^k), close to the matrix that a run without Fix(sr^k) learns.

    Π(sr^k) is its own inverse, so the eigenvalues of M₀ are 1 − c and 1 + c. At c = ±1 half of them
    are 0: sr^k maps points onto points at distance 0, and K needs a ridge.

    Parameters
    ----------
    element   the group element k, in the group's own notation
    c : float   from −1 to 1, where M₀ is positive semi-definite; a negative c is a control with the
                wrong sign
    """

    is_random: ClassVar[bool] = False

    element: Any
    c: float

    def __post_init__(self) -> None:
        rule = "a number from -1 to 1 (otherwise M_0 is not positive semi-definite)"
        c = number("c", self.c, rule=rule)
        object.__setattr__(self, "c", number("c", c, rule=rule, allowed=abs(c) <= 1))

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        symmetry = reflection(task, self.element)
        return np.eye(task.width) - self.c * symmetry.permutation_matrix()
