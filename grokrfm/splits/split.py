"""A partition of a task's table into training and test rows."""

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
    """Which rows train, which test, and what kind of test row each is.

    Parameters
    ----------
    train : (n,) int    training rows, increasing
    test : (m,) int     the other rows, increasing
    strata              name → (m,) mask over the test rows; masks are disjoint
    train_labels        (n,) what the training rows are said to be, where some of it is wrong;
                        None: the task's own labels. Test labels are always the task's
    """

    train: Rows
    test: Rows
    strata: Mapping[str, Mask] = field(default_factory=dict)
    train_labels: Rows | None = None

    def labels_of(self, task: Task) -> Rows:
        """(n,) the labels that the training rows are fitted with."""
        return task.labels[self.train] if self.train_labels is None else self.train_labels


@runtime_checkable
class Splitter(Protocol):
    """A rule that splits any task it suits."""

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        """Partition the table of `task`.

        Raises
        ------
        SettingError   if the rule cannot be met on this task; nothing less is ever returned
        """


def from_training_mask(
    training: Mask, setting: str, strata: Mapping[str, Mask] | None = None
) -> Split:
    """The split of a table by a mask of its training rows; strata are masks over the whole table.

    Raises
    ------
    SettingError   if no row trains or none tests; it names `setting`
    """
    train, test = np.flatnonzero(training), np.flatnonzero(~training)
    for rows, side in ((train, "training"), (test, "test")):
        if not len(rows):
            raise SettingError(
                setting, f"leaves the {side} set empty ({len(train)} rows train, {len(test)} test)"
            )
    return Split(train, test, {name: mask[test] for name, mask in (strata or {}).items()})


def require(count: int, available: int, setting: str, what: str, side: str) -> None:
    """Refuse to move more than there is."""
    if count > available:
        raise SettingError(
            setting, f"cannot move {count} {what}, {available} remain in the {side} set"
        )


def draw(rng: np.random.Generator, candidates: Rows, count: int) -> Rows:
    """`count` of the candidates at random.

    Every candidate gets its score whatever `count` is, so that with the same generator state a
    larger draw contains the smaller one: a sweep over `count` compares nested sets.
    """
    return candidates[np.argsort(rng.random(len(candidates)), kind="stable")[:count]]
