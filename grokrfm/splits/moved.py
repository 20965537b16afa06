"""Any split, with points moved between training and test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grokrfm.checks import integer, setting_prefix
from grokrfm.splits.split import Split, Splitter, draw, from_training_mask, require
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Moved:
    """Base split after random moves, each with exactly the given number of points.

    A point moved to training stays there. Strata are those of the base split; a point moved to test
    belongs to `moved` only.

    Parameters
    ----------
    base : Splitter
    test_to_train : int   random test points that move to train
    train_to_test : int   random training points of the base split that move to test
    """

    base: Splitter
    test_to_train: int
    train_to_test: int

    def __post_init__(self) -> None:
        for name in ("test_to_train", "train_to_test"):
            integer(name, getattr(self, name), minimum=0)

    @property
    def is_random(self) -> bool:
        """True if the seed matters."""
        return getattr(self.base, "is_random", True) or self.test_to_train + self.train_to_test > 0

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        with setting_prefix("base"):
            base = self.base.split(task, rng)
        require(self.test_to_train, len(base.test), "test_to_train", "points", "test")
        require(self.train_to_test, len(base.train), "train_to_test", "points", "training")
        training = np.zeros(len(task.labels), dtype=bool)
        training[base.train] = True
        training[draw(rng, base.test, self.test_to_train)] = True
        out = draw(rng, base.train, self.train_to_test)
        training[out] = False

        strata = {name: np.zeros(len(training), dtype=bool) for name in [*base.strata, "moved"]}
        for name, mask in base.strata.items():
            strata[name][base.test[mask]] = True
        strata["moved"][out] = True
        last = "train_to_test" if self.train_to_test else "test_to_train"
        return from_training_mask(training, last, strata)
