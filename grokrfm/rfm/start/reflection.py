"""Start that learns a reflection, on the split without its fixed points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from grokrfm.algebra import fixed_points
from grokrfm.checks import NumericsError
from grokrfm.kernels import Kernel
from grokrfm.rfm.engine import RFM
from grokrfm.rfm.examples import examples
from grokrfm.rfm.start.start import Start, reflection
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Reflection(Start):
    """Start with M₀ learned from I by the run's own kernel and settings, without Fix(sr^k).

    Parameters
    ----------
    element   the group element k, in the group's own notation

    Source: arXiv:2604.00316, section 6.
    """

    is_learned: ClassVar[bool] = True

    element: Any

    def check(self, task: Task, rng: np.random.Generator) -> None:
        reflection(task, self.element)

    def matrix(
        self,
        task: Task,
        kernel: Kernel,
        rfm: RFM,
        device: torch.device,
        rng: np.random.Generator,
    ) -> Tensor:
        held_out = fixed_points(task.row_permutation(reflection(task, self.element)))
        train = examples(task, np.flatnonzero(~held_out), device)
        test = examples(task, np.flatnonzero(held_out), device)
        M = torch.eye(task.width, dtype=rfm.torch_dtype, device=device)
        try:
            for step in rfm.steps(kernel, train, test, task.classes, M):
                M = step.next_M
        except NumericsError as error:
            raise NumericsError(f"while learning the start: {error}") from error
        return M
