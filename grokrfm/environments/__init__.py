"""Environments: what the second learner interacts with."""

from grokrfm.checks import accept_options
from grokrfm.environments.environment import Environment, Walk
from grokrfm.environments.flatland import flatland
from grokrfm.environments.gridworld import gridworld
from grokrfm.environments.group import group_action
from grokrfm.environments.sphere import Sphere
from grokrfm.environments.tabular import Tabular
from grokrfm.environments.teapot import Teapot

__all__ = [
    "Environment",
    "Sphere",
    "Tabular",
    "Teapot",
    "Walk",
    "flatland",
    "gridworld",
    "group_action",
]

accept_options(globals(), __all__)
