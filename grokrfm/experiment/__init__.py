"""The first learner: Recursive Feature Machines on algebraic tasks."""

from grokrfm.experiment.experiment import Experiment

__all__ = ["Experiment"]
