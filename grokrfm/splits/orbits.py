"""Splits by whole orbits of a group of symmetries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.algebra import Symmetry, generated_subgroup, orbits
from grokrfm.checks import SettingError, integer, number
from grokrfm.splits.split import Split, draw, from_training_mask, require
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Orbits:
    """A fraction of the orbits of a subgroup trains; then whole orbits move to test.

    The training set is invariant under the subgroup H that the generators generate, and no orbit is
    singled out unless the moves do it. With train_fraction 1 the moves alone decide: so many orbits
    of fixed points and so many others are held out.

    Parameters
    ----------
    generators              symmetries of the task as it names them, such as {rotation: 12},
                            {translation: [1, 1]} or inversion (see the task's docstring)
    train_fraction : float  of the orbits; above 0 and up to 1
    fixed_to_test : int     random training orbits that move to test, of points that something in H
                            but the identity fixes: single points if one reflection generates H
    pairs_to_test : int     random training orbits of all other points that move to test: symmetric
                            pairs if one reflection generates H

    Strata: `fixed` (fixed by something in H but the identity) and `moved` (all other test rows).
    """

    generators: Sequence[Any]
    train_fraction: float
    fixed_to_test: int
    pairs_to_test: int

    def __post_init__(self) -> None:
        if not isinstance(self.generators, (list, tuple)) or not self.generators:
            raise SettingError(
                "generators",
                f"must be a list of symmetries, got {self.generators!r}; one is written"
                " [{reflection: 0}], or [{reflection: [2, 3]}] in a product of two groups",
            )
        rule = "a number above 0 and up to 1"
        share = number("train_fraction", self.train_fraction, rule=rule)
        number("train_fraction", self.train_fraction, rule=rule, allowed=0 < share <= 1)
        for name in ("fixed_to_test", "pairs_to_test"):
            integer(name, getattr(self, name), minimum=0)

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        generators = [self._symmetry(task, written) for written in self.generators]
        orbit = orbits([task.row_permutation(g) for g in generators], len(task.labels))
        try:
            subgroup_order = len(generated_subgroup(generators))
        except ValueError as error:
            raise SettingError("generators", str(error)) from error
        sizes = np.bincount(orbit)
        fixed = sizes < subgroup_order  # |orbit|·|stabiliser| = |H|

        every = np.arange(len(sizes))
        training = np.zeros(len(sizes), dtype=bool)
        training[draw(rng, every, round(self.train_fraction * len(sizes)))] = True
        if not training.any():
            raise SettingError(
                "train_fraction",
                f"{self.train_fraction} of {len(sizes)} orbits leaves none to train",
            )
        for name, what, movable in (
            ("fixed_to_test", "orbits of fixed points", fixed),
            ("pairs_to_test", "orbits without fixed points", ~fixed),
        ):
            candidates = np.flatnonzero(training & movable)
            require(getattr(self, name), len(candidates), name, what, "training")
            training[draw(rng, candidates, getattr(self, name))] = False

        moves = ("pairs_to_test", "fixed_to_test")
        last = next((name for name in moves if getattr(self, name)), "train_fraction")
        strata = {"fixed": fixed[orbit], "moved": ~fixed[orbit]}
        return from_training_mask(training[orbit], last, strata)

    def _symmetry(self, task: Task, written: Any) -> Symmetry:
        try:
            return task.symmetry(written)
        except ValueError as error:
            raise SettingError("generators", str(error)) from error
