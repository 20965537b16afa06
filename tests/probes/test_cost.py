"""A probe must not be felt: at p = 61 less than a tenth of an iteration, in the same process."""

import time

import pytest
import torch

from grokrfm import tasks
from grokrfm.probes import (
    AgopAlignment,
    Alignment,
    Circulant,
    Equivariance,
    OrbitPrediction,
    Recovery,
    Spectrum,
)
from grokrfm.probes.predicted import Predicted
from grokrfm.splits import FixedPoints
from tests.settings import CPU, experiment, machine

PROBES = {
    "alignment": Alignment([0, 5]),
    "circulant": Circulant(),
    "equivariance": Equivariance("split"),
    "orbit": OrbitPrediction(0),
    "recovery": Recovery(),
    "spectrum": Spectrum(3),
    "agop": AgopAlignment(),
}


@pytest.fixture(scope="module")
def iteration():
    torch.set_num_threads(1)
    made = experiment(
        task=tasks.addition(61),
        split=FixedPoints([0], 0, 0, 0),
        rfm=machine(2),
        probe=PROBES,
    )
    *_, step = made.steps(CPU)
    return made, step


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_costs_less_than_a_tenth_of_an_iteration(iteration, name):
    made, step = iteration
    bound = PROBES[name].bind(made)
    test = Predicted(made._examples(CPU)[1], step.test_outputs)
    started = time.perf_counter()
    for _ in range(5):
        bound.measure(step, None, test)
    seconds = (time.perf_counter() - started) / 5
    assert seconds < 0.1 * step.seconds
