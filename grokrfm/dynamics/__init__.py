"""Dynamics: models that learn from interaction the group of an environment."""

from grokrfm.dynamics.learner import Dynamics
from grokrfm.dynamics.model import Model, Module
from grokrfm.dynamics.rotations import Rotations
from grokrfm.dynamics.training import Training

__all__ = ["Dynamics", "Model", "Module", "Rotations", "Training"]
