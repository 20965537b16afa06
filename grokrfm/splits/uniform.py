"""Split with a random fraction of all rows in training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokrfm.checks import SettingError, fraction
from grokrfm.splits.split import Rows, Split, draw, from_training_mask
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
        training = np.zeros(len(task.labels), dtype=bool)
        training[self.rows(len(training), rng)] = True
        return from_training_mask(training, "train_fraction")

    def rows(self, count: int, rng: np.random.Generator) -> Rows:
        """Draw the training rows of a table of `count` rows.

        Raises
        ------
        SettingError   if none or all of them would train
        """
        training = round(self.train_fraction * count)
        if not 0 < training < count:
            raise SettingError(
                "train_fraction",
                f"{self.train_fraction} of {count} rows leaves {training} to train and"
                f" {count - training} to test; both need at least one: choose {1 / count:.6f} to"
                f" {1 - 1 / count:.6f}",
            )
        return draw(rng, np.arange(count), training)
