"""Reflections of a task as a family, for the probes and starts that use all of them."""

from __future__ import annotations

import numpy as np

from grokrfm.algebra import Symmetry
from grokrfm.checks import SettingError
from grokrfm.tasks.family import IntArray
from grokrfm.tasks.task import Task


def require_two_operands(task: Task) -> None:
    """Raise SettingError unless the inputs are e_a ‖ e_b, a and b elements of the task's group."""
    slots = task.active.shape[1]
    if slots != 2 or task.width != 2 * task.group.order:
        raise SettingError(
            "",
            f"needs inputs that are two elements of a group; the inputs of {task.title} have"
            f" {slots} one-hot parts and width {task.width}",
        )


def reflections(task: Task) -> list[Symmetry]:
    """List sr^k for every group element k, in the order of the elements.

    Raises
    ------
    SettingError   without a setting, if the task has no reflections or its inputs are not two
                   operands
    """
    require_two_operands(task)
    try:
        return [task.reflection(k) for k in range(task.group.order)]
    except SettingError as error:
        raise SettingError("", f"needs a task with reflections; {error.problem}") from error


def fixing_reflection(task: Task) -> IntArray:
    """(n, n) index of the element k whose reflection sr^k fixes the pair (a, b): k = a⁻¹·φ(b).

    Exactly one reflection fixes each pair. A block of M that pairs the operands is a weighted sum
    of the Π(sr^k) if and only if it is constant on the pairs of each k: circulant for a + b, Hankel
    for a − b; for × and ÷ too, in the order of discrete logarithms.

    Raises
    ------
    SettingError   as `reflections`
    """
    n = task.group.order
    k = np.empty((n, n), dtype=np.int64)
    for index, reflection in enumerate(reflections(task)):
        k[np.arange(n), reflection.coordinates[:n] - n] = index
    return k
