"""The task of a recorded run, for figures that set its matrices beside the symmetries."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from grokrfm.algebra import Symmetry, fixed_points
from grokrfm.checks import GrokrfmError
from grokrfm.collect.figures.groups import FigureError
from grokrfm.collect.presets import PresetError
from grokrfm.tasks import Task

TRUSTED = ("grokrfm.tasks.", "grokrfm.algebra.")
"""A record may come from anywhere; nothing else that it names is imported."""


def rebuilt(config: Mapping[str, Any]) -> Task:
    """The task that the settings of a run describe.

    Raises
    ------
    FigureError   if it is one of somebody's own, which only the run itself can make
    """
    try:
        task = _built(config["task"])
    except (GrokrfmError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError(f"the task of a run cannot be made again ({error})") from error
    if not isinstance(task, Task):
        raise FigureError(f"{config['task'].get('_target_')} makes no task")
    return task


def are_reflections(elements: Any) -> None:
    """Refuse a setting that says no reflections."""
    if elements not in ("split", "none") and not isinstance(elements, list):
        raise PresetError(
            "figure: reflections must be split, none or a list of group elements such as [0],"
            f" got {elements!r}"
        )


def reflections(config: Mapping[str, Any], elements: Any) -> list[Symmetry]:
    """The reflections sr^k of a run's task, for the elements given or those its split holds out.

    Parameters
    ----------
    elements   "split", "none", or a list of group elements in the user's notation
    """
    held_out = (config.get("split") or {}).get("reflections")
    chosen = {"split": held_out, "none": None}[elements] if isinstance(elements, str) else elements
    if not chosen:
        return []
    task = rebuilt(config)
    try:
        return [task.reflection(task.group.index(element)) for element in chosen]
    except ValueError as error:
        raise FigureError(f"reflections: {error}") from error


def axis(config: Mapping[str, Any], elements: Any) -> np.ndarray:
    """The rows of the table that some of those reflections fixes."""
    found = reflections(config, elements)
    if not found:
        return np.empty(0, dtype=np.int64)
    task = rebuilt(config)
    fixed = [fixed_points(task.row_permutation(symmetry)) for symmetry in found]
    return np.flatnonzero(np.any(fixed, axis=0))


def _built(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    target = str(node["_target_"])
    if not target.startswith(TRUSTED):
        raise FigureError(
            f"the task {target} is not one of grokrfm's own; draw it without `reflections`"
        )
    module, _, name = target.rpartition(".")
    arguments = {
        key: _built(value) for key, value in node.items() if key not in ("_target_", "name")
    }
    return getattr(import_module(module), name)(**arguments)
