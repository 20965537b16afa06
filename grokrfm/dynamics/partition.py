"""Partition of the transitions of an environment into seen and held-out ones."""

from __future__ import annotations

import numpy as np

from grokrfm.checks import SettingError
from grokrfm.environments import Environment, Tabular
from grokrfm.environments.environment import Mask
from grokrfm.splits import Everything, Splitter, Uniform
from grokrfm.tasks import cayley


def seen_transitions(
    environment: Environment, splitter: Splitter, rng: np.random.Generator
) -> Mask | None:
    """Return the (S, A) mask of the transitions that a training sees; None: all.

    Where the table holds all products of a group, it is that of a task, and any splitter divides
    it as it divides the task: state s and action a are the operands.

    Raises
    ------
    SettingError   if the splitter has no meaning for the environment
    """
    if isinstance(splitter, Everything):
        return None
    if not isinstance(environment, Tabular):
        raise SettingError("", f"must be none: {environment.title} has no table of transitions")
    table = environment.transitions
    if environment.multiplication is not None:
        rows = splitter.split(cayley(environment.multiplication), rng).train
    elif isinstance(splitter, Uniform):
        rows = splitter.rows(table.size, rng)
    else:
        raise SettingError(
            "",
            "must be none or uniform, since the actions are not all elements of a group; choose"
            " env=group env.generators=all for the splits of tasks",
        )
    seen = np.zeros(table.size, dtype=bool)
    seen[rows] = True
    return seen.reshape(table.shape)
