"""Split with a random fraction of all rows in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokrfm.checks import SettingError, fraction
from grokrfm.splits.split import Split, draw, from_training_mask
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Uniform:
    """Split with round(train_fraction · rows) training rows, drawn without replacement.

    Parameters
    ----------
    train_fraction : float   strictly between 0 and 1
    """

    train_fraction: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "train_fraction", fraction("train_fraction", self.train_fraction))

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        rows = len(task.labels)
        count = round(self.train_fraction * rows)
        if not 0 < count < rows:
            raise SettingError(
                "train_fraction",
                f"{self.train_fraction} of {rows} rows leaves {count} to train and {rows - count}"
                f" to test; both need at least one: choose {1 / rows:.6f} to {1 - 1 / rows:.6f}",
            )
        training = np.zeros(rows, dtype=bool)
        training[draw(rng, np.arange(rows), count)] = True
        return from_training_mask(training, "train_fraction")
