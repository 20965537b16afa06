"""Runs in a batch are the runs alone, up to rounding."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from grokrfm.checks import NumericsError
from grokrfm.kernels import (
    Gaussian,
    GeneralQuadratic,
    InnerProductKernel,
    Laplace,
    Quadratic,
    RadialKernel,
)
from grokrfm.rfm.batch import MOST_ROWS_ON_CPU, Member, batch_key, batched_steps
from grokrfm.rfm.examples import examples
from grokrfm.tasks import addition, multiplication, subtraction
from tests import oracles
from tests.rfm.test_engine import complement, machine

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Cauchy(RadialKernel):
    """Somebody's own kernel of d², which knows nothing of batches."""

    bandwidth: float

    def profile(self, squared_distance):
        return 1 / (1 + squared_distance / self.bandwidth**2)

    def slope(self, squared_distance):
        return -(self.profile(squared_distance) ** 2) / self.bandwidth**2


@dataclass(frozen=True)
class Cubic(InnerProductKernel):
    """Somebody's own kernel of t."""

    shift: float

    def profile(self, inner_product):
        return (inner_product + self.shift) ** 3

    def slope(self, inner_product):
        return 3 * (inner_product + self.shift) ** 2


BATCHES = {
    "gaussian": [Gaussian(2.5)] * 4,
    "gaussian bandwidths": [Gaussian(2.5), Gaussian(1.5), Gaussian(1.5), Gaussian(4.0)],
    "laplace": [Laplace(2.5)] * 4,
    "laplace bandwidths": [Laplace(2.5), Laplace(1.5), Laplace(1.5), Laplace(4.0)],
    "quadratic": [Quadratic()] * 4,
    "general_quadratic": [GeneralQuadratic()] * 4,
    "cauchy bandwidths": [Cauchy(2.5), Cauchy(1.5), Cauchy(1.5), Cauchy(4.0)],
    "cubic shifts": [Cubic(0.5), Cubic(1.0), Cubic(1.0), Cubic(1.5)],
}
every_batch = pytest.mark.parametrize("kernels", BATCHES.values(), ids=BATCHES.keys())


def member(kernel, seed, *, n=7, train=29, M=None, task=None, **changed):
    task = task or addition(n)
    rows = np.sort(np.random.default_rng(seed).permutation(task.order**2)[:train])
    held_out = complement(task, rows)
    strata = {"even": held_out % 2 == 0}
    start = torch.eye(task.width, dtype=torch.float64) if M is None else M
    return Member(
        machine(batch=8, **changed),
        kernel,
        examples(task, rows, CPU),
        examples(task, held_out, CPU, strata),
        task.classes,
        start,
    )


def alone(member):
    arguments = member.kernel, member.train, member.test, member.classes, member.start
    return list(member.rfm.steps(*arguments))


def batched(members):
    """The outcomes of every member."""
    outcomes = [[] for _ in members]
    for done in batched_steps(members):
        for index, outcome in done.items():
            outcomes[index].append(outcome)
    return outcomes


def assert_equal(steps, expected, bound=1e-9):
    """M is a root: rounding in the null modes of the AGOP, M·M, is 1e-8 in M."""
    assert [step.iteration for step in steps] == [step.iteration for step in expected]
    assert [step.last for step in steps] == [step.last for step in expected]
    for ours, theirs in zip(steps, expected, strict=True):
        assert ours.solver == theirs.solver
        for name in ("coefficients", "train_outputs", "test_outputs"):
            found = getattr(ours, name), getattr(theirs, name)
            assert found[0].shape == found[1].shape
            assert oracles.relative_error(*found) < bound, name
        agops = ours.next_M @ ours.next_M, theirs.next_M @ theirs.next_M
        assert oracles.relative_error(*agops) < bound
        assert oracles.relative_error(ours.next_M, theirs.next_M) < 2e-8


@every_batch
@pytest.mark.parametrize("centering", [True, False])
def test_a_batch_gives_what_its_members_give_alone(kernels, centering):
    ridges = [1e-8, 1e-3, 1e-1, 1e-8]
    members = [
        member(kernel, seed, ridge=ridge, centering=centering)
        for seed, (kernel, ridge) in enumerate(zip(kernels, ridges, strict=True))
    ]
    assert len({key_of(one) for one in members}) == 1
    for one, steps in zip(members, batched(members), strict=True):
        assert_equal(steps, alone(one))


def key_of(member, device=CPU):
    shape = len(member.train.labels), len(member.test.labels), member.classes
    return batch_key(member.rfm, member.kernel, shape, len(member.train.labels), device)


@every_batch
def test_the_members_of_a_batch_are_different_runs(kernels):
    """Without this, a batch that confuses its members could pass for right."""
    first, *others = [alone(member(kernel, seed))[-1] for seed, kernel in enumerate(kernels)]
    for other in others:
        assert oracles.relative_error(first.next_M, other.next_M) > 1e-3


def test_members_may_differ_in_task_start_and_the_iteration_they_resume_at():
    learned = alone(member(Laplace(2.5), 5))[4].M
    resumed = member(Gaussian(2.5), 1)
    state = alone(resumed)[4].state
    members = [
        member(Gaussian(2.5), 0, M=learned),
        replace(resumed, start=state),
        member(Gaussian(2.5), 2, task=subtraction(7)),
    ]
    outcomes = batched(members)
    assert [len(steps) for steps in outcomes] == [8, 3, 8]
    for one, steps in zip(members, outcomes, strict=True):
        assert_equal(steps, alone(one))


def test_a_task_without_zero_in_a_batch():
    task = multiplication(7, False)
    members = [member(Quadratic(), seed, task=task, train=20) for seed in range(3)]
    for one, steps in zip(members, batched(members), strict=True):
        assert_equal(steps, alone(one))


def test_a_member_whose_solve_fails_fails_alone_with_its_own_message():
    singular = torch.ones(14, 14, dtype=torch.float64)
    members = [
        member(Gaussian(2.5), 0),
        member(Gaussian(2.5), 1, M=singular, ridge=0),
        member(Gaussian(2.5), 2),
    ]
    first, failed, last = batched(members)
    with pytest.raises(NumericsError) as refusal:
        alone(members[1])
    assert [str(outcome) for outcome in failed] == [str(refusal.value)]
    assert str(refusal.value).startswith("iteration 0: K + ridge·I is not positive definite")
    assert_equal(first, alone(members[0]))
    assert_equal(last, alone(members[2]))


def test_a_member_that_explodes_fails_alone_and_the_others_go_on():
    """One starts small: what the others may grow to is more than its max_growth."""
    small = torch.eye(14, dtype=torch.float64) * 1e-3
    members = [member(Gaussian(2.5), 0, max_growth=50), member(Gaussian(2.5), 1, max_growth=50)]
    members.append(member(Gaussian(2.5), 2, max_growth=50, M=small))
    first, second, exploded = batched(members)
    assert isinstance(exploded[-1], NumericsError)
    assert "exploded" in str(exploded[-1])
    assert_equal(exploded[:-1], alone_until_it_fails(members[2]))
    assert_equal(first, alone(members[0]))
    assert_equal(second, alone(members[1]))


def alone_until_it_fails(member):
    steps = []
    arguments = member.kernel, member.train, member.test, member.classes, member.start
    with pytest.raises(NumericsError):
        steps.extend(step for step in member.rfm.steps(*arguments))
    return steps


def test_where_cholesky_fails_for_one_that_one_alone_falls_to_lu():
    root = torch.randn(14, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    settings = {"ridge": 0, "solver": "cholesky_or_lu", "iterations": 1, "max_growth": 1e300}
    members = [
        member(Quadratic(), 0, **settings),
        member(Quadratic(), 1, M=root @ root.T, **settings),  # K has rank 6
    ]
    [[sound], [fallen]] = batched(members)
    [expected] = alone(members[1])
    assert (sound.solver, fallen.solver, expected.solver) == ("cholesky", "lu", "lu")


def test_a_kernel_that_takes_no_batch_goes_on_one_by_one(caplog):
    @dataclass(frozen=True)
    class Flat(Gaussian):
        def profile(self, squared_distance):
            assert squared_distance.dim() == 2
            return super().profile(squared_distance)

    members = [member(Flat(2.5), seed, iterations=3) for seed in range(3)]
    for one, steps in zip(members, batched(members), strict=True):
        assert_equal(steps, alone(one))
    assert "3 runs continue one by one" in caplog.text
    assert len(caplog.records) == 1


def test_the_seconds_of_a_step_are_its_share():
    members = [member(Gaussian(2.5), seed) for seed in range(4)]
    for done in batched_steps(members):
        assert len({outcome.seconds for outcome in done.values()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (member(Gaussian(2.5), 0), member(Laplace(2.5), 0)),
        (member(Gaussian(2.5), 0), member(Gaussian(2.5), 0, train=30)),
        (member(Gaussian(2.5), 0), member(Gaussian(2.5), 0, iterations=9)),
        (member(Gaussian(2.5), 0), member(Gaussian(2.5), 0, agop_power=1)),
    ],
)
def test_what_may_not_differ_within_a_batch(one, other):
    assert key_of(one) is not None
    assert key_of(one) != key_of(other)


@pytest.mark.parametrize(
    "changed", [{"stop_change": 1e-6}, {"solver": "lu"}, {"solver": "min_norm"}]
)
def test_what_goes_alone(changed):
    assert key_of(member(Gaussian(2.5), 0, **changed)) is None


def test_large_runs_go_alone_on_a_cpu():
    rfm, shape = machine(batch=8), (MOST_ROWS_ON_CPU + 1, 5, 5)
    assert batch_key(rfm, Quadratic(), shape, MOST_ROWS_ON_CPU + 1, CPU) is None
    assert batch_key(rfm, Quadratic(), shape, MOST_ROWS_ON_CPU, CPU) is not None
    cuda = torch.device("cuda")
    assert batch_key(rfm, Quadratic(), shape, MOST_ROWS_ON_CPU + 1, cuda) is not None
