"""Degenerate split of arXiv:2604.00316: the fixed points of some reflections are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.algebra import Group, fixed_points, orbits
from grokrfm.checks import SettingError, integer
from grokrfm.splits.split import Mask, Split, draw, from_training_mask, require
from grokrfm.tasks import Task


@dataclass(frozen=True)
class FixedPoints:
    """Split with test = the pairs fixed by some reflection sr^k, train = the rest; then moves.

    The moves follow the order of the parameters, each with exactly the given number. A fixed point
    that `test_to_train` moves stays in training.

    Parameters
    ----------
    reflections          group elements k, each in the group's own notation
    test_to_train : int  random fixed points that move to train
    train_to_test : int  random other points that move to test
    pairs_to_test : int  random symmetric pairs that move to test: whole orbits of at least two
                         members, all in training, of the subgroup that the reflections generate

    Strata: `fixed` (fixed by a listed reflection) and `moved` (all other test rows).
    """

    reflections: Sequence[Any]
    test_to_train: int
    train_to_test: int
    pairs_to_test: int

    def __post_init__(self) -> None:
        if not isinstance(self.reflections, (list, tuple)) or not self.reflections:
            raise SettingError(
                "reflections",
                f"must be a list of group elements, got {self.reflections!r}; one reflection is"
                " written [0], or [[2, 3]] in a product of two groups",
            )
        for name in ("test_to_train", "train_to_test", "pairs_to_test"):
            object.__setattr__(self, name, integer(name, getattr(self, name), minimum=0))

    @property
    def is_random(self) -> bool:
        """True if the seed matters."""
        return self.test_to_train + self.train_to_test + self.pairs_to_test > 0

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        elements = [self._index(task.group, element) for element in self.reflections]
        try:
            permutations = [task.row_permutation(task.reflection(k)) for k in elements]
        except SettingError as error:
            raise SettingError("reflections", error.problem) from error
        fixed = np.any([fixed_points(permutation) for permutation in permutations], axis=0)
        training = ~fixed

        held_out = np.flatnonzero(fixed)
        require(self.test_to_train, len(held_out), "test_to_train", "fixed points", "test")
        training[draw(rng, held_out, self.test_to_train)] = True

        movable = np.flatnonzero(~fixed)
        require(self.train_to_test, len(movable), "train_to_test", "training points", "training")
        training[draw(rng, movable, self.train_to_test)] = False

        orbit = orbits(permutations, len(fixed))
        pairs = _whole_orbits(orbit, training & ~fixed)
        require(self.pairs_to_test, len(pairs), "pairs_to_test", "symmetric pairs", "training")
        training[np.isin(orbit, draw(rng, pairs, self.pairs_to_test))] = False

        moves = ("pairs_to_test", "train_to_test", "test_to_train")
        last_move = next((name for name in moves if getattr(self, name)), "reflections")
        return from_training_mask(training, last_move, {"fixed": fixed, "moved": ~fixed})

    def _index(self, group: Group, element: Any) -> int:
        try:
            return group.index(element)
        except ValueError as error:
            written = group.example if not group.has(self.reflections) else list(self.reflections)
            raise SettingError(
                "reflections", f"{error}; one reflection is written [{written}]"
            ) from error


def _whole_orbits(orbit: np.ndarray, training: Mask) -> np.ndarray:
    """Numbers of the orbits of at least two members that lie in the training set."""
    members = np.bincount(orbit)
    in_training = np.bincount(orbit, weights=training)
    return np.flatnonzero((members >= 2) & (in_training == members))
