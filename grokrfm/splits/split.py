"""Partitions of a task's table into training and test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import SettingError
from grokrfm.tasks import Task

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """Training rows, test rows, and the strata of the test rows.

    Parameters
    ----------
    train : (n,) int    training rows, increasing
    test : (m,) int     the other rows, increasing
    strata              name → (m,) mask over the test rows; masks are disjoint
    train_labels        (n,) labels to fit, if some are wrong; None: the labels of the task. Test
                        labels are always those of the task
    """

    train: Rows
    test: Rows
    strata: Mapping[str, Mask] = field(default_factory=dict)
    train_labels: Rows | None = None

    def __repr__(self) -> str:
        strata = [f", {name} {int(mask.sum())}" for name, mask in self.strata.items()]
        return f"<Split: {len(self.train)} rows train, {len(self.test)} test{''.join(strata)}>"

    def labels_of(self, task: Task) -> Rows:
        """(n,) labels that the training rows are fitted with."""
        return task.labels[self.train] if self.train_labels is None else self.train_labels


@runtime_checkable
class Splitter(Protocol):
    """Rule that splits a task.

    One whose partition does not depend on the generator has an attribute `is_random`, False.
    """

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        """Partition the table of `task`.

        Raises
        ------
        SettingError   if the rule cannot be satisfied exactly on this task
        """


def from_training_mask(
    training: Mask, setting: str, strata: Mapping[str, Mask] | None = None
) -> Split:
    """Split a table by a mask of its training rows; strata are masks over the whole table.

    Raises
    ------
    SettingError   naming `setting`, if the training or the test set is empty
    """
    train, test = np.flatnonzero(training), np.flatnonzero(~training)
    for rows, side in ((train, "training"), (test, "test")):
        if not len(rows):
            raise SettingError(
                setting, f"leaves the {side} set empty ({len(train)} rows train, {len(test)} test)"
            )
    return Split(train, test, {name: mask[test] for name, mask in (strata or {}).items()})


def require(count: int, available: int, setting: str, what: str, side: str) -> None:
    """Raise SettingError if more rows are to move than are available."""
    if count > available:
        raise SettingError(
            setting, f"cannot move {count} {what}, {available} remain in the {side} set"
        )


def draw(rng: np.random.Generator, candidates: Rows, count: int) -> Rows:
    """Draw `count` of the candidates at random.

    The scores of the candidates do not depend on `count`, so that with the same generator state a
    larger draw contains the smaller one: a sweep over `count` compares nested sets.
    """
    return candidates[np.argsort(rng.random(len(candidates)), kind="stable")[:count]]
