"""Split with operands that never occur in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from grokrfm.checks import SettingError
from grokrfm.splits.split import Split, from_training_mask
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Symbols:
    """Split with test = all pairs that contain a given element, train = the rest.

    Parameters
    ----------
    held_out   group elements, each in the group's own notation

    Strata: `one` (one operand is held out) and `both`.
    """

    is_random: ClassVar[bool] = False

    held_out: Sequence[Any]

    def __post_init__(self) -> None:
        if not isinstance(self.held_out, (list, tuple)) or not self.held_out:
            raise SettingError(
                "held_out",
                f"must be a list of group elements, got {self.held_out!r}; one element is written"
                " [0], or [[2, 3]] in a product of two groups",
            )

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        try:
            elements = [task.group.index(element) for element in self.held_out]
        except ValueError as error:
            written = task.group.example
            problem = f"{error}; one element is written [{written}]"
            raise SettingError("held_out", problem) from error
        count = np.isin(task.pairs, elements).sum(axis=1)
        return from_training_mask(count == 0, "held_out", {"one": count == 1, "both": count == 2})
