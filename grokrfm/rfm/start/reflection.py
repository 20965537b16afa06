"""Start that learns a reflection, on the split without its fixed points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from grokrfm.algebra import fixed_points
from grokrfm.checks import NumericsError, integer, not_negative
from grokrfm.kernels import Kernel
from grokrfm.rfm.engine import RFM
from grokrfm.rfm.examples import examples
from grokrfm.rfm.start.start import Start, reflection
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Reflection(Start):
    """Start with M₀ learned from I on the split without Fix(sr^k), by a kernel of its own.

    All training points that sr^k fixes are at distance 0 in this M₀, with different labels: K is
    singular in the run that begins with it. At a ridge of 1e-8 the coefficients reach 1e8 and
    rounding decides the outcome; `least_ridge` is therefore a part of this start.

    Parameters
    ----------
    element            the group element k, in the group's own notation
    kernel             the kernel that learns M₀
    iterations : int   updates that make M₀; the other settings are those of the run's RFM
    least_ridge        smallest ridge of the run that begins with M₀; 0 leaves that of its RFM

    Source: arXiv:2604.00316, section 6.
    """

    is_learned: ClassVar[bool] = True
    is_random: ClassVar[bool] = False

    element: Any
    kernel: Kernel
    iterations: int
    least_ridge: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "iterations", integer("iterations", self.iterations, minimum=1))
        least = not_negative("least_ridge", self.least_ridge)
        object.__setattr__(self, "least_ridge", least)

    def fitted_by(self, rfm: RFM) -> RFM:
        return replace(rfm, ridge=max(rfm.ridge, self.least_ridge))

    def check(self, task: Task, rng: np.random.Generator) -> None:
        reflection(task, self.element)

    def matrix(
        self, task: Task, rfm: RFM, device: torch.device, rng: np.random.Generator
    ) -> Tensor:
        held_out = fixed_points(task.row_permutation(reflection(task, self.element)))
        train = examples(task, np.flatnonzero(~held_out), device)
        test = examples(task, np.flatnonzero(held_out), device)
        M = torch.eye(task.width, dtype=rfm.torch_dtype, device=device)
        learning = replace(rfm, iterations=self.iterations)
        try:
            for step in learning.steps(self.kernel, train, test, task.classes, M):
                M = step.next_M
        except NumericsError as error:
            raise NumericsError(f"while learning the start: {error}") from error
        return M
