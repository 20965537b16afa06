"""A run on representatives against the dense run of the same settings."""

from dataclasses import asdict, replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest
import torch

from grokrfm.algebra.families import dihedral
from grokrfm.checks import NumericsError, SettingError
from grokrfm.kernels import Gaussian, GeneralQuadratic, Laplace, Quadratic
from grokrfm.probes import Accuracy, Condition, Loss, Margin, OrbitPrediction
from grokrfm.rfm import Perturbed, Reflection, SymmetricRFM
from grokrfm.rfm.examples import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import Differences, FixedPoints, Noisy, Orbits, Uniform
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction, word
from tests import oracles
from tests.settings import CPU, experiment, machine

KERNELS = [Gaussian(2.5), Laplace(2.5), Quadratic(), GeneralQuadratic()]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: type(k).__name__)
TASKS = [
    addition(11),
    addition(8),  # the labels of the translations t^(g,g) are the even ones only
    subtraction(9),
    multiplication(11, False),
    division(9, True),
    abelian([5, 7]),
    abelian([2, 6]),
]
PROBES = {"accuracy": Accuracy(1e-6), "loss": Loss(), "margin": Margin(1e-6)}
HALF = Differences(None, 0.5, False, [], [], True)


def symmetric(iterations, **changed):
    return SymmetricRFM(**{**asdict(machine(iterations)), **changed})


def degenerate(task):
    """Training rows without the fixed points of one reflection other than s."""
    element = task.group.elements[2]
    return FixedPoints([list(element) if isinstance(element, tuple) else element], 0, 0, 0)


def both(iterations=5, changed=MappingProxyType({}), **parts):
    """The measured steps on representatives and those of the dense engine."""
    runs = (
        experiment(rfm=rfm, **{"probe": PROBES, **parts})
        for rfm in (symmetric(iterations, **changed), replace(machine(iterations), **changed))
    )
    return zip(*(run.measured() for run in runs), strict=True)


def agree(ours, dense, digits=1e-9):
    for name in ("coefficients", "train_outputs", "test_outputs"):
        assert oracles.relative_error(getattr(ours, name), getattr(dense, name)) < digits
    assert oracles.relative_error(ours.next_M, dense.next_M) < 3e-8  # a root of rounding
    assert oracles.relative_error(ours.next_M @ ours.next_M, dense.next_M @ dense.next_M) < digits


@every_kernel
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_representatives_give_what_the_dense_engine_gives(task, kernel):
    for (ours, numbers), (dense, expected) in both(
        task=task, kernel=kernel, split=degenerate(task)
    ):
        agree(ours, dense)
        assert numbers == pytest.approx(expected, rel=1e-8, abs=1e-10, nan_ok=True)


@every_kernel
@pytest.mark.parametrize(
    "split",
    [
        FixedPoints([0, 4], 0, 0, 0),
        Differences([1, 2, 7], 0.5, False, [], [], False),
        Differences(None, 0.4, True, [], [], True),
        Orbits([{"translation": [1, 3]}], 0.6, 0, 0),
        Orbits([{"translation": [2, 0]}], 0.5, 0, 0),  # orbits of 4 rows, labels in two cosets
        Orbits([{"translation": [0, 4]}, {"translation": [4, 4]}], 0.5, 0, 0),
    ],
    ids=str,
)
def test_any_group_of_translations_serves(split, kernel):
    for (ours, numbers), (dense, expected) in both(
        task=addition(8), kernel=kernel, split=split, seed=3
    ):
        agree(ours, dense, 1e-8)
        assert numbers == pytest.approx(expected, rel=1e-7, abs=1e-10, nan_ok=True)


def test_a_long_run_stays_positive_definite_where_the_dense_one_does():
    """From iteration 9 on K is singular but for the ridge; M must keep T to the last digit."""
    last = list(both(30, task=addition(23), kernel=Quadratic(), split=FixedPoints([0], 0, 0, 0)))
    for (ours, numbers), (dense, expected) in last:
        assert ours.solver == dense.solver == "cholesky"
        assert numbers["test_loss"] == pytest.approx(expected["test_loss"], rel=1e-8)


@pytest.mark.parametrize(
    "changed",
    [
        {"solver": "lu"},
        {"solver": "min_norm"},
        {"solver": "cholesky_or_lu", "ridge": 0},
        {"centering": False, "agop_power": 1.0, "ridge": 0.1},
    ],
    ids=str,
)
@every_kernel
def test_the_settings_of_rfm_mean_the_same(changed, kernel):
    for (ours, _), (dense, _) in both(
        3, changed, task=addition(9), kernel=kernel, split=HALF, seed=1
    ):
        assert ours.solver == dense.solver
        agree(ours, dense)


def test_single_precision_follows_double():
    for (ours, _), (dense, _) in both(
        3, {"dtype": "float32", "ridge": 1e-3}, task=addition(9), split=HALF, seed=1
    ):
        assert ours.next_M.dtype == ours.test_outputs.dtype == torch.float32
        assert oracles.relative_error(ours.test_outputs, dense.test_outputs) < 1e-4


def test_probes_of_single_rows_and_strata_that_cut_orbits_see_all_rows():
    """The odd differences are kept by t^(0,2), which moves the difference 0."""
    for (ours, numbers), (_, expected) in both(
        task=addition(8),
        split=Differences([1, 3, 5, 7], 0.5, False, [], [], False),
        probe={**PROBES, "orbit": OrbitPrediction(1)},
    ):
        assert len(ours.coefficients) == 32
        assert numbers == pytest.approx(expected, rel=1e-8, abs=1e-10, nan_ok=True)
        assert {"test_accuracy_fixed", "orbit_precision"} <= set(numbers)


def test_probes_of_means_see_one_row_of_every_orbit():
    run = experiment(task=addition(9), split=HALF, rfm=symmetric(1), probe=PROBES)
    train, test = (examples(run.task, rows, CPU) for rows in (run.split.train, run.split.test))
    [step] = run.steps(CPU)
    reduced, some_train, some_test = step.sample(train, test)
    assert len(reduced.train_outputs) == len(some_train.labels) == len(train.labels) // 9
    assert len(reduced.test_outputs) == len(some_test.labels) == len(test.labels) // 9
    assert not {"coefficients", "train_outputs", "test_outputs"} & set(vars(step))


@every_kernel
def test_resuming_at_any_iteration_gives_the_same_bits(kernel):
    run = experiment(kernel=kernel, split=HALF, rfm=symmetric(6, stop_change=1e-12))
    undisturbed = list(run.observe(CPU, FeatureSelection("last")))
    for stopped in undisturbed[:-1]:
        again = list(run.observe(CPU, FeatureSelection("last"), resume=stopped.state()))
        assert [o.iteration for o in again] == list(range(stopped.iteration + 1, 6))
        np.testing.assert_array_equal(again[-1].arrays[6], undisturbed[-1].arrays[6])
        assert again[-1].numbers.keys() == undisturbed[-1].numbers.keys()


def test_a_run_stops_early_where_the_dense_one_does():
    stop = {"stop_change": 1e-2, "stop_patience": 2}
    ours, dense = (
        list(experiment(kernel=Quadratic(), split=HALF, rfm=rfm).steps(CPU))
        for rfm in (symmetric(100, **stop), replace(machine(100), **stop))
    )
    assert len(ours) == len(dense) < 100
    assert ours[-1].last and ours[-1].state.still == 2


@every_kernel
def test_each_step_starts_where_the_last_one_ended(kernel):
    steps = list(experiment(kernel=kernel, split=HALF, rfm=symmetric(4)).steps(CPU))
    assert [step.last for step in steps] == [False, False, False, True]
    assert all(after.M is before.next_M for before, after in pairwise(steps))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"split": FixedPoints([0], 0, 1, 0)},
            r"^rfm: .* needs a training set that a translation maps onto itself; the nearest is"
            r" t\^\(.*, which maps \d+ of 41 training rows outside .*split=differences",
        ),
        ({"split": Uniform(0.5)}, r"^rfm: .* needs a training set that a translation maps onto"),
        ({"split": Noisy(HALF, 0.3)}, r"^rfm: .* needs the task's own labels"),
        (
            {"task": word(dihedral(3), "ab"), "split": Uniform(0.5)},
            r"^rfm: .* needs a task .* over an Abelian group, .*set rfm=default",
        ),
        (
            {"split": HALF, "start": Perturbed(0.1, 0)},
            r"^start: the translations that keep .* do not keep M_0 \(relative defect 0\.\d+\)",
        ),
    ],
)
def test_a_run_without_the_symmetry_is_refused_and_the_symmetry_named(changed, message):
    with pytest.raises(SettingError, match=message):
        experiment(**{"split": HALF, "rfm": symmetric(2), **changed})


def test_a_learned_start_that_translations_keep_serves():
    start = Reflection(2, Gaussian(2.5), iterations=6, least_ridge=1e-5)
    for (ours, _), (dense, _) in both(3, task=addition(9), split=HALF, start=start, seed=1):
        assert oracles.relative_error(ours.test_outputs, dense.test_outputs) < 1e-5


def test_a_run_on_representatives_is_expected_to_cost_less():
    task, split = addition(61), FixedPoints([0], 0, 0, 0)
    ours, dense = (
        experiment(task=task, split=split, rfm=rfm) for rfm in (symmetric(60), machine(60))
    )
    assert dense.cost() > 30 * ours.cost()
    assert dense.cost_class() != ours.cost_class()


def test_batches_and_foreign_solvers_are_refused():
    with pytest.raises(SettingError, match=r"^batch must be 1 for rfm=symmetric, got 4"):
        symmetric(2, batch=4)
    with pytest.raises(SettingError, match=r"^solver must be one of cholesky, lu, min_norm"):
        symmetric(2, solver="mixed")


@every_kernel
def test_the_condition_is_estimated_when_asked(kernel):
    """Dense and blockwise estimates start alike but may break a tie differently."""
    probe = {"condition": Condition()}
    for task in (addition(9), division(7, False)):
        for (_, found), (dense, _) in both(2, task=task, kernel=kernel, split=HALF, probe=probe):
            x = examples(task, experiment(task=task, split=HALF).split.train, CPU).inputs
            K = kernel.gram(dense.M, x, x) + 1e-8 * torch.eye(len(x), dtype=torch.float64)
            truth = float(torch.linalg.cond(K, 1))
            assert truth / 3 < found["condition"] <= truth * (1 + 1e-9)


def test_a_singular_matrix_is_reported_with_its_iteration():
    run = experiment(split=HALF, kernel=Quadratic(), rfm=symmetric(9, ridge=0, max_growth=1e-3))
    with pytest.raises(NumericsError, match=r"^iteration 0: .*rfm\.max_growth"):
        list(run.steps(CPU))
