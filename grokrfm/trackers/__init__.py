"""Trackers, each an extra: pip install grokrfm[mlflow]; none is imported before it is opened."""

from grokrfm.checks import accept_options
from grokrfm.trackers.mlflow import MLflow
from grokrfm.trackers.tensorboard import TensorBoard
from grokrfm.trackers.tracker import Tracker
from grokrfm.trackers.untracked import Untracked
from grokrfm.trackers.wandb import WandB

__all__ = ["MLflow", "TensorBoard", "Tracker", "Untracked", "WandB"]

accept_options(globals(), __all__)
