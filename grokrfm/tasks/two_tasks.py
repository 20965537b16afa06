"""Two operations learned at once, distinguished by a task bit."""

from __future__ import annotations

from functools import partial

import numpy as np

from grokrfm.algebra import Symmetry
from grokrfm.checks import SettingError
from grokrfm.tasks.family import Family, IntArray
from grokrfm.tasks.task import Task


def two_tasks(first: Task, second: Task) -> Task:
    """Tables of two tasks, one after the other; the coordinate 2n + t selects table t.

    The symmetries are those of the first task that are also symmetries of the second, with the same
    effect on labels; they fix the task bit.

    Raises
    ------
    SettingError   if the two tasks differ in their operands

    Source: arXiv:2407.20199, section on two tasks at once.
    """
    if first.group.elements != second.group.elements or first.operations + second.operations != 2:
        raise SettingError(
            "second",
            f"must have the operands of the first, {first.group.name} of {first.title},"
            f" got {second.group.name} of {second.title}",
        )
    classes = max(first.classes, second.classes)
    families = {
        name: Family(
            family.preserves_labels,
            partial(_with_bit, family, classes),
            partial(_shared, family, second),
        )
        for name, family in first.families.items()
    }
    return Task(
        f"{first.title} and {second.title}",
        first.group,
        np.concatenate([first.labels, second.labels]),
        classes,
        families,
    )


def _with_bit(family: Family, classes: int, *indices: int) -> Symmetry:
    symmetry = family.member(*indices)
    width = len(symmetry.coordinates)
    labels = np.concatenate([symmetry.labels, np.arange(len(symmetry.labels), classes)])
    coordinates = np.concatenate([symmetry.coordinates, [width, width + 1]])
    return Symmetry(symmetry.name, coordinates, labels)


def _shared(family: Family, other: Task) -> IntArray:
    """(m, arity) operand indices of the members of a family that are symmetries of `other` too."""
    kept = []
    for indices, symmetry in zip(family.arguments, family, strict=True):
        moved = other.labels[other.row_permutation(symmetry)]
        known = other.labels < len(symmetry.labels)
        same = symmetry.labels[other.labels[known]] == moved[known]
        if same.all() and (moved[~known] == other.labels[~known]).all():
            kept.append(indices)
    return np.array(kept, dtype=np.int64).reshape(len(kept), family.arity)
