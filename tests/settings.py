"""Settings that many tests share."""

import torch

from grokrfm import tasks
from grokrfm.experiment import Experiment
from grokrfm.kernels import Gaussian
from grokrfm.rfm import RFM, Identity
from grokrfm.splits import Uniform

CPU = torch.device("cpu")


def machine(iterations: int, ridge: float = 1e-8) -> RFM:
    return RFM(iterations, ridge, "cholesky", 0.5, True, "float64", 1e6, None, 5, 60, None, 1)


def experiment(**changed) -> Experiment:
    """A small one, some of its parts replaced."""
    parts = {
        "task": tasks.addition(7),
        "split": Uniform(0.5),
        "kernel": Gaussian(2.5),
        "rfm": machine(3),
        "start": Identity(),
        "probe": {},
        "seed": 0,
    }
    return Experiment(**(parts | changed))
