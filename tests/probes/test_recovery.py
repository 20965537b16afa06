"""The recovery probe on runs that generalise, that are trapped, and that it refuses."""

import dataclasses

import numpy as np
import pytest

from grokrfm import tasks
from grokrfm.algebra import dihedral, symmetric
from grokrfm.checks import SettingError
from grokrfm.experiment import Experiment
from grokrfm.probes import Accuracy, Recovery
from grokrfm.probes.recovery import _distributions, _transitions
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints, Uniform
from tests.settings import CPU, experiment, machine

PROBES = {"accuracy": Accuracy(1e-6), "recovery": Recovery()}


def measured(iterations=15, **changed):
    made = experiment(rfm=machine(iterations), probe=PROBES, **changed)
    return [numbers for _, numbers in made.measured()]


@pytest.fixture(scope="module")
def generalising():
    return measured(task=tasks.addition(11), split=Uniform(0.9))


def test_a_run_that_generalises_recovers_the_group(generalising):
    first, last = generalising[0], generalising[-1]
    assert (first["verdict"], first["closure_order"], first["group_name"]) == ("fits", 0, None)
    assert (last["verdict"], last["closure_order"], last["group_name"]) == ("recovered", 11, "C11")
    assert (first["held_out_accuracy"], last["held_out_accuracy"]) == (0, 1)
    assert first["feature_invariance"] == 0  # M is I
    assert 0 < last["feature_invariance"] < 0.2
    assert last["order_residual"] == last["homomorphism_error"] == 0
    assert 0 < last["prediction_homomorphism"] < first["prediction_homomorphism"]


def test_the_accuracies_are_those_of_clear_leads(generalising):
    for numbers in generalising:
        assert numbers["seen_accuracy"] == numbers["train_accuracy"]
        assert numbers["held_out_accuracy"] == numbers["test_accuracy_strict"]


def test_a_trapped_run_fits_and_recovers_nothing_though_its_features_are_invariant():
    *_, last = measured(task=tasks.addition(11), split=FixedPoints([0], 0, 0, 0))
    assert (last["verdict"], last["closure_order"], last["cover_index"]) == ("fits", 0, 0)
    assert (last["seen_accuracy"], last["held_out_accuracy"]) == (1, 0)
    assert last["feature_invariance"] < 1e-6
    assert last["order_residual"] > 0.3


@pytest.mark.parametrize(
    "task", [tasks.subtraction(5), tasks.division(7, False), tasks.cayley(dihedral(3))]
)
def test_any_group_that_acts_regularly_is_accepted(task):
    T = _transitions(task)
    for a in range(task.order):
        assert [T[s, a] for s in range(task.order)] == [
            task.labels[s * task.order + a] for s in range(task.order)
        ]


@pytest.mark.parametrize(
    "task",
    [
        tasks.multiplication_with_zero(5),  # 0 is no permutation
        tasks.polynomial("y", 5),  # no action is a permutation
        tasks.polynomial("x+y^2", 5),  # two actions are the same, and some are missing
        tasks.polynomial("x^2+y", 5),
        tasks.polynomial("2*x+y", 5),  # two actions in a row are none
        tasks.word(symmetric(3), "aba"),
        tasks.division_if_odd(5),  # a label is no state
        tasks.two_tasks(tasks.addition(3), tasks.addition(3)),
    ],
    ids=lambda task: task.title,
)
def test_a_task_that_is_no_table_of_a_group_is_refused(task):
    with pytest.raises(SettingError, match=r"^probe\.recovery: the table of .* choose addition"):
        experiment(task=task, probe=PROBES)


def test_outputs_become_distributions_and_ties_stay_ties():
    outputs = np.array([[-1, 3, 1], [-1, -2, 0], [0.5, 0.5 + 1e-9, -0.2]])
    expected = [[0, 0.75, 0.25], [0.333333] * 3, [0.5, 0.5, 0]]
    assert _distributions(outputs).tolist() == expected


def without_times(observation):
    numbers = {k: v for k, v in observation.numbers.items() if k != "seconds"}
    return observation.iteration, numbers


def test_the_numbers_continue_from_a_state(generalising):
    made = experiment(task=tasks.addition(11), split=Uniform(0.9), rfm=machine(15), probe=PROBES)
    keep = FeatureSelection("none")
    every = list(made.observe(CPU, keep))
    continued = made.observe(CPU, keep, every[7].state())
    assert [without_times(o) for o in continued] == [without_times(o) for o in every[8:]]
    assert every[-1].numbers["verdict"] == generalising[-1]["verdict"] == "recovered"


def test_the_numbers_of_a_batch_are_those_of_its_runs_alone():
    both = [
        experiment(
            task=tasks.addition(11),
            split=Uniform(fraction),
            rfm=dataclasses.replace(machine(15), batch=2),
            probe=PROBES,
            seed=seed,
        )
        for fraction, seed in ((0.9, 0), (0.9, 1))
    ]
    keep = FeatureSelection("none")
    assert both[0].batch_key(CPU) == both[1].batch_key(CPU) is not None
    alone = [[without_times(o) for o in made.observe(CPU, keep)] for made in both]
    together = [[], []]
    for index, observation in Experiment.observe_batched(both, CPU, [keep] * 2, [None] * 2):
        together[index].append(without_times(observation))
    for one, other in zip(alone, together, strict=True):
        for (i, expected), (j, found) in zip(one, other, strict=True):
            assert i == j
            assert found == pytest.approx(expected, nan_ok=True, abs=1e-5)
