"""Environments: what the second learner interacts with."""

from grokrfm.environments.environment import Environment, Walk
from grokrfm.environments.gridworld import gridworld
from grokrfm.environments.group import group_action
from grokrfm.environments.tabular import Tabular

__all__ = ["Environment", "Tabular", "Walk", "gridworld", "group_action"]
