"""Start that prefers no direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from grokrfm.rfm.start.start import GivenStart
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Identity(GivenStart):
    """Start with M₀ = I."""

    is_random: ClassVar[bool] = False

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        return np.eye(task.width)
