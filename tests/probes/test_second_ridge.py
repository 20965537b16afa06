"""Agreement with a second ridge, against the predictions of a run that has it."""

from math import isnan

import pytest

from grokrfm import tasks
from grokrfm.checks import SettingError
from grokrfm.kernels import Quadratic
from grokrfm.probes import Accuracy, SecondRidge
from grokrfm.rfm import SymmetricRFM
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints, Uniform
from tests.settings import CPU, experiment, machine

TRAP = FixedPoints([0], 0, 0, 0)


@pytest.mark.parametrize(("ridge", "alike"), [(1e-6, True), (1.0, False)])
def test_it_predicts_as_a_run_with_the_other_ridge_does(ridge, alike):
    """A large ridge, under which fewer points are right, shows that it is used."""
    parts = {"task": tasks.addition(11), "split": Uniform(0.7)}
    learner = experiment(**parts, rfm=machine(9), probe={"second": SecondRidge(ridge)})
    other = experiment(**parts, rfm=machine(9, ridge))
    labels, agreements = learner._examples(CPU)[1].labels, []
    for (step, numbers), again in zip(learner.measured(), other.steps(CPU), strict=True):
        first, second = step.test_outputs.argmax(1), again.test_outputs.argmax(1)
        same = first == second
        assert numbers["test_agreement"] == same.double().mean()
        assert numbers["test_accuracy_agreed"] == (same & (first == labels)).double().mean()
        agreements.append(numbers["test_agreement"])
    assert (min(agreements) == 1) is alike


def test_rounding_does_not_agree():
    """On a symmetric training set the quadratic kernel predicts by rounding, about 1e-16."""
    parts = {"task": tasks.addition(11), "split": TRAP, "rfm": machine(40)}
    second = {"second": SecondRidge(1e-6)}
    *_, (step, numbers) = experiment(**parts, kernel=Quadratic(), probe=second).measured()
    assert step.test_outputs.abs().max() < 1e-13
    assert numbers["test_agreement_fixed"] < 0.8


def test_a_continued_run_measures_the_same():
    probe = {"second": SecondRidge(1.0)}
    whole = [found.numbers for found in observed(experiment(probe=probe, rfm=machine(6)))]
    [first, *_] = observed(experiment(probe=probe, rfm=machine(6)))
    rest = observed(experiment(probe=probe, rfm=machine(6)), first.state())
    for found, expected in zip(rest, whole[1:], strict=True):
        assert found.numbers | {"seconds": 0} == expected | {"seconds": 0}


def test_where_the_second_run_fails_nothing_is_said():
    probe = {"accuracy": Accuracy(1e-5), "second": SecondRidge(0)}
    parts = {"task": tasks.addition(7), "split": TRAP, "rfm": machine(40), "kernel": Quadratic()}
    *_, (_, numbers) = experiment(**parts, probe=probe).measured()
    assert isnan(numbers["test_agreement"])
    assert not isnan(numbers["test_accuracy"])


def observed(learner, resume=None):
    return list(learner.observe(CPU, FeatureSelection("none"), resume))


def test_it_needs_another_ridge_and_all_rows():
    with pytest.raises(SettingError, match="that of the run"):
        experiment(probe={"second": SecondRidge(1e-8)})
    symmetric = SymmetricRFM(**vars(machine(2)))
    with pytest.raises(SettingError, match="rfm=default"):
        experiment(split=TRAP, rfm=symmetric, probe={"second": SecondRidge(1e-6)})
    with pytest.raises(SettingError, match="ridge"):
        SecondRidge(-1)
