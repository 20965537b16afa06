"""No split: everything is seen in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from grokrfm.checks import SettingError
from grokrfm.splits.split import Split
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Everything:
    """Split that holds nothing out, for learners that need no test rows."""

    is_random: ClassVar[bool] = False

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        raise SettingError("", "none leaves the test set empty; choose split=uniform, for instance")
