"""Any split, with wrong labels on some training rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from grokrfm.checks import SettingError, fraction, setting_prefix
from grokrfm.splits.split import Split, Splitter, draw
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Noisy:
    """Base split with a wrong label on round(noise_fraction · n) of its n training rows.

    The label is drawn uniformly from all others. Test labels stay true; train_accuracy and
    train_loss refer to the labels that were fitted.

    Parameters
    ----------
    base : Splitter
    noise_fraction : float   strictly between 0 and 1
    """

    base: Splitter
    noise_fraction: float

    def __post_init__(self) -> None:
        fraction("noise_fraction", self.noise_fraction)

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        with setting_prefix("base"):
            base = self.base.split(task, rng)
        n = len(base.train)
        count = round(self.noise_fraction * n)
        if not count:
            raise SettingError(
                "noise_fraction",
                f"{self.noise_fraction} of {n} training rows rounds to 0 rows;"
                " choose a larger fraction",
            )
        labels = base.labels_of(task).copy()
        shift = rng.integers(1, task.classes, size=n)  # for every row, so that noise is nested
        wrong = draw(rng, np.arange(n), count)
        labels[wrong] = (labels[wrong] + shift[wrong]) % task.classes
        return replace(base, train_labels=labels)
