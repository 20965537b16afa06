"""Measurement of batches against runs alone, on a learner whose iterations take a known time."""

import time

import pytest
import torch

from grokrfm.runs.learner import Learner, Observation
from grokrfm.runs.together import SIZES, Together, fastest_batch

CPU = torch.device("cpu")


class Sleeping(Learner):
    """An iteration takes 4 ms alone; in a batch `fixed` ms and `each` ms for every run."""

    def __init__(self, fixed, each, iterations=9, key="all"):
        self.fixed, self.each, self.iterations, self.key = fixed, each, iterations, key

    def batch_key(self, device):
        return self.key

    def observe(self, device, keep, resume=None):
        for iteration in range(self.iterations):
            time.sleep(4e-3)
            yield Observation(iteration, {})

    @classmethod
    def observe_batched(cls, learners, device, keeps, resumes):
        first = learners[0]
        for iteration in range(first.iterations):
            time.sleep(1e-3 * (first.fixed + first.each * len(learners)))
            for run in range(len(learners)):
                yield run, Observation(iteration, {})


class Failing(Sleeping):
    @classmethod
    def observe_batched(cls, learners, device, keeps, resumes):
        raise MemoryError("a batch is too large")


@pytest.mark.parametrize("batch", ["auto", 1])
def test_a_batch_to_be_chosen_that_cannot_be_timed_is_warned_of(batch, caplog):
    learner = Failing(fixed=0, each=0.5)
    learner.batch = batch
    fastest_batch(learner, CPU)
    expected = ["batches of more than 1 runs cannot be timed here: a batch is too large"]
    warned = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert warned == (expected if batch == "auto" else [])


def test_runs_that_share_a_fixed_cost_are_fastest_in_the_largest_batch():
    size, times = fastest_batch(Sleeping(fixed=8, each=0.5), CPU)
    assert size == max(SIZES)
    assert times > 2


@pytest.mark.parametrize(
    "learner",
    [
        Sleeping(fixed=0, each=5),  # slower together
        Sleeping(fixed=0, each=0.5, key=None),  # always alone
        Sleeping(fixed=0, each=0.5, iterations=1),  # nothing to time after the first iteration
        Failing(fixed=0, each=0.5),
    ],
)
def test_runs_that_gain_nothing_stay_alone(learner):
    assert fastest_batch(learner, CPU) == Together(1, 1.0)
