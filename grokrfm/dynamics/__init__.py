"""Dynamics: models that learn from interaction the group of an environment."""

from grokrfm.checks import accept_options
from grokrfm.dynamics.cci_vae import CCIVAE
from grokrfm.dynamics.direct import Direct
from grokrfm.dynamics.hyperspherical_vae import HypersphericalVAE
from grokrfm.dynamics.learner import Dynamics
from grokrfm.dynamics.model import Model, Module
from grokrfm.dynamics.rotations import Rotations
from grokrfm.dynamics.training import Training

__all__ = [
    "CCIVAE",
    "Direct",
    "Dynamics",
    "HypersphericalVAE",
    "Model",
    "Module",
    "Rotations",
    "Training",
]

accept_options(globals(), __all__)
