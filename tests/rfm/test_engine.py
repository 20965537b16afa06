from itertools import pairwise

import numpy as np
import pytest
import torch

from grokrfm.algebra import fixed_points, orbits
from grokrfm.checks import NumericsError, SettingError
from grokrfm.kernels import Gaussian, GeneralQuadratic, Laplace, Quadratic
from grokrfm.rfm import RFM
from grokrfm.rfm.examples import examples
from grokrfm.tasks import abelian, addition, division, multiplication, subtraction
from tests import oracles

CPU = torch.device("cpu")
KERNELS = {
    "gaussian": (Gaussian(2.5), oracles.gaussian(2.5)),
    "laplace": (Laplace(2.5), oracles.laplace(2.5)),
    "quadratic": (Quadratic(), oracles.quadratic),
    "general_quadratic": (GeneralQuadratic(), oracles.general_quadratic),
}
every_kernel = pytest.mark.parametrize(
    "kernel", [kernel for kernel, _ in KERNELS.values()], ids=KERNELS.keys()
)
every_kernel_and_formula = pytest.mark.parametrize(
    ("kernel", "formula"), KERNELS.values(), ids=KERNELS.keys()
)

SYMMETRIES = [
    (addition(11), addition(11).rotation(1)),
    (addition(9), addition(9).rotation(3)),
    (addition(11), addition(11).reflection(2)),
    (addition(9), addition(9).translation(1, 1)),
    (addition(11), addition(11).translation(2, 0)),
    (subtraction(8), subtraction(8).rotation(4)),
    (subtraction(8), subtraction(8).reflection(3)),
    (subtraction(8), subtraction(8).translation(1, 2)),
    (multiplication(13, False), multiplication(13, False).reflection(7)),
    (multiplication(13, False), multiplication(13, False).translation(1, 1)),
    (division(11, False), division(11, False).rotation(5)),
    (division(11, False), division(11, False).reflection(3)),
    (abelian([2, 5]), abelian([2, 5]).reflection(7)),
    (abelian([2, 5]), abelian([2, 5]).translation(6, 3)),
]
every_symmetry = pytest.mark.parametrize(
    ("task", "symmetry"), SYMMETRIES, ids=[f"{task.title} {g.name}" for task, g in SYMMETRIES]
)


def machine(**changed):
    settings = {
        "iterations": 8,
        "ridge": 1e-8,
        "solver": "cholesky",
        "agop_power": 0.5,
        "centering": True,
        "dtype": "float64",
        "max_growth": 1e6,
        "stop_change": None,
        "stop_patience": 5,
        "checkpoint_seconds": 60,
        "memory_budget": None,
        "batch": 1,
    }
    return RFM(**{**settings, **changed})


def complement(task, rows):
    return np.setdiff1d(np.arange(task.order**2), rows)


def run(task, kernel, train, M=None, resume=None, with_condition=False, **changed):
    """The steps of an RFM that trains on some rows of the table and is tested on all others."""
    rfm = machine(**changed)
    start = torch.eye(task.width, dtype=rfm.torch_dtype) if M is None else M
    train_examples = examples(task, train, CPU)
    test_examples = examples(task, complement(task, train), CPU)
    return rfm.steps(
        kernel,
        train_examples,
        test_examples,
        task.classes,
        resume or start,
        with_condition=with_condition,
    )


def random_rows(task, share=0.6, seed=0):
    rows = np.random.default_rng(seed).permutation(task.order**2)
    return np.sort(rows[: round(share * len(rows))])


def invariant_rows(task, symmetry, share=0.6, seed=0):
    """Random whole orbits of a symmetry."""
    orbit = orbits([task.row_permutation(symmetry)], task.order**2)
    drawn = np.random.default_rng(seed).permutation(orbit.max() + 1)
    return np.flatnonzero(np.isin(orbit, drawn[: round(share * len(drawn))]))


def without_one_moved_row(task, symmetry, rows, seed=0):
    """The rows without a random one that the symmetry does not fix."""
    fixed = fixed_points(task.row_permutation(symmetry))
    return rows[rows != np.random.default_rng(seed).choice(rows[~fixed[rows]])]


def equivariance_defect(symmetry, M):
    P = torch.from_numpy(symmetry.permutation_matrix())
    return oracles.relative_error(P @ M @ P.T, M)


def degenerate_rows(task, k):
    """The training rows where Fix(sr^k) is held out."""
    return np.flatnonzero(~fixed_points(task.row_permutation(task.reflection(k))))


def leads(step, labels):
    """By how much the true class leads at each test row."""
    true = torch.nn.functional.one_hot(labels, step.test_outputs.shape[1]).bool()
    others = step.test_outputs.masked_fill(true, -torch.inf).max(dim=1).values
    return step.test_outputs[true] - others


@every_kernel
@every_symmetry
def test_features_keep_the_symmetry_of_an_invariant_split(task, symmetry, kernel):
    """A root of rounding in the null modes of the AGOP is 1e-8 in M, so M·M is held tighter."""
    train = invariant_rows(task, symmetry)
    assert set(task.row_permutation(symmetry)[train]) == set(train)
    for step in run(task, kernel, train):
        M = step.next_M
        assert equivariance_defect(symmetry, M) < 2e-8
        assert equivariance_defect(symmetry, M @ M) < 1e-10


@every_kernel
@every_symmetry
def test_features_lose_the_symmetry_when_one_point_moves(task, symmetry, kernel):
    train = without_one_moved_row(task, symmetry, invariant_rows(task, symmetry))
    for step in run(task, kernel, train):
        assert equivariance_defect(symmetry, step.next_M) > 1e-4


@pytest.mark.parametrize("k", range(11))
def test_no_held_out_fixed_point_is_ever_right(k):
    """Wrong by more than 1e-5 up to iteration 8; from 10 on every class scores the same to 1e-6."""
    task = addition(11)
    train = degenerate_rows(task, k)
    labels = torch.from_numpy(task.labels[complement(task, train)])
    for step in run(task, Gaussian(2.5), train, iterations=60):
        lead = leads(step, labels)
        assert len(lead) == 11
        assert lead.max() <= 1e-6
        if step.iteration <= 8:
            assert lead.max() < -1e-5
            assert (step.test_outputs.argmax(dim=1) != labels).all()


@pytest.mark.parametrize("k", [0, 4, 9])
@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_fixed_points_are_right_once_one_point_moves(k, seed):
    """Measured for every k and 4 seeds: 6 of 11 from iteration 10 on, 0 of 11 up to 5."""
    task = addition(11)
    train = without_one_moved_row(task, task.reflection(k), degenerate_rows(task, k), seed)
    test = complement(task, train)
    fixed = torch.from_numpy(~np.isin(test, degenerate_rows(task, k)))
    labels = torch.from_numpy(task.labels[test])
    *_, last = run(task, Gaussian(2.5), train, iterations=60)
    right = leads(last, labels) > 1e-6
    assert fixed.sum() == 11
    assert right[fixed].double().mean() >= 0.5


@every_kernel_and_formula
@pytest.mark.parametrize("centering", [True, False])
@pytest.mark.parametrize("agop_power", [0.5, 1.0])
@pytest.mark.parametrize("ridge", [0, 0.1])
def test_an_iteration_solves_predicts_and_takes_the_root_of_the_agop(
    kernel, formula, centering, agop_power, ridge
):
    task = addition(5)
    train = random_rows(task)
    X = oracles.dense_rows(examples(task, train, CPU).inputs)
    X_test = oracles.dense_rows(examples(task, complement(task, train), CPU).inputs)
    M = oracles.random_feature_matrix(10, torch.Generator().manual_seed(0))
    settings = {"centering": centering, "agop_power": agop_power, "ridge": ridge}
    (step,) = run(task, kernel, train, M=M, iterations=1, **settings)

    K = oracles.naive_gram(formula, M, X, X)
    Y = torch.eye(5, dtype=torch.float64)[torch.from_numpy(task.labels[train])]
    alpha = torch.linalg.solve(K + ridge * torch.eye(len(X), dtype=torch.float64), Y)
    learned = oracles.naive_agop(formula, M, X, alpha, centering=centering)
    assert oracles.relative_error(step.coefficients, alpha) < 1e-9
    assert oracles.relative_error(step.train_outputs, K @ alpha) < 1e-9
    predicted = oracles.naive_outputs(formula, M, X, alpha, X_test)
    assert oracles.relative_error(step.test_outputs, predicted) < 1e-9
    power = step.next_M @ step.next_M if agop_power == 0.5 else step.next_M
    assert oracles.relative_error(power, learned) < 1e-9


@every_kernel
def test_each_step_starts_where_the_last_one_ended(kernel):
    task = addition(7)
    train = random_rows(task)
    steps = list(run(task, kernel, train, iterations=4))
    assert [step.iteration for step in steps] == [0, 1, 2, 3]
    assert [step.last for step in steps] == [False, False, False, True]
    assert torch.equal(steps[0].M, torch.eye(14, dtype=torch.float64))
    for before, after in pairwise(steps):
        assert after.M is before.next_M
        assert not torch.equal(after.M, before.M)


@every_kernel
def test_a_step_says_how_it_was_computed(kernel):
    task = addition(7)
    train = random_rows(task)
    for step in run(task, kernel, train, solver="cholesky_or_lu", iterations=2):
        assert step.coefficients.shape == step.train_outputs.shape == (len(train), 7)
        assert step.test_outputs.shape == (49 - len(train), 7)
        assert step.M.shape == step.next_M.shape == (14, 14)
        assert torch.equal(step.next_M, step.next_M.T)
        assert step.solver == "cholesky"
        assert step.seconds > 0


@every_kernel
def test_predictions_do_not_depend_on_the_block_of_test_rows(kernel, monkeypatch):
    task = addition(7)
    (whole,) = run(task, kernel, random_rows(task), iterations=1)
    monkeypatch.setattr("grokrfm.rfm.engine.TEST_ROWS_AT_A_TIME", 3)
    (in_parts,) = run(task, kernel, random_rows(task), iterations=1)
    assert torch.allclose(in_parts.test_outputs, whole.test_outputs, rtol=1e-12, atol=1e-13)


@every_kernel
def test_a_run_repeats_to_the_last_bit(kernel):
    task = addition(7)
    one, other = (list(run(task, kernel, random_rows(task))) for _ in range(2))
    for step, again in zip(one, other, strict=True):
        assert torch.equal(step.next_M, again.next_M)
        assert torch.equal(step.test_outputs, again.test_outputs)


@every_kernel
def test_a_run_leaves_its_inputs_as_they_were(kernel):
    task = addition(7)
    rfm = machine(ridge=0)
    train = examples(task, random_rows(task), CPU)
    test = examples(task, complement(task, random_rows(task)), CPU)
    M = torch.eye(14, dtype=torch.float64)
    inputs = M, train.inputs.active, train.labels, test.inputs.active, test.labels
    before = [tensor.clone() for tensor in inputs]
    steps = list(rfm.steps(kernel, train, test, task.classes, M))
    assert len(steps) == 8
    assert all(torch.equal(now, then) for now, then in zip(inputs, before, strict=True))


@every_kernel
def test_a_later_step_leaves_an_earlier_one_as_it_was(kernel):
    task = addition(7)
    steps = run(task, kernel, random_rows(task), iterations=3)
    first = next(steps)
    tensors = first.M, first.coefficients, first.train_outputs, first.test_outputs, first.next_M
    before = [tensor.clone() for tensor in tensors]
    assert len(list(steps)) == 2
    assert all(torch.equal(now, then) for now, then in zip(tensors, before, strict=True))


@every_kernel
def test_a_run_in_single_precision_follows_the_one_in_double(kernel):
    task = addition(7)
    single = list(run(task, kernel, random_rows(task), dtype="float32", ridge=1e-3, iterations=3))
    double = list(run(task, kernel, random_rows(task), dtype="float64", ridge=1e-3, iterations=3))
    for low, high in zip(single, double, strict=True):
        assert low.next_M.dtype == low.test_outputs.dtype == torch.float32
        assert oracles.relative_error(low.next_M.double(), high.next_M) < 1e-2


def test_a_feature_matrix_that_grows_too_much_ends_the_run():
    task = addition(7)
    free = list(run(task, Quadratic(), random_rows(task), iterations=4))
    growth = [float(step.next_M.norm() / step.M.new_tensor(14).sqrt()) for step in free]
    assert growth == sorted(growth)
    limit = (growth[1] + growth[2]) / 2
    steps = run(task, Quadratic(), random_rows(task), iterations=4, max_growth=limit)
    assert [next(steps).iteration, next(steps).iteration] == [0, 1]
    with pytest.raises(NumericsError, match=r"^iteration 2: .*rfm\.max_growth.*rfm\.ridge"):
        next(steps)


@every_kernel
def test_a_singular_start_without_ridge_is_reported_with_its_iteration(kernel):
    task = addition(7)
    same_everywhere = torch.ones(14, 14, dtype=torch.float64)
    steps = run(task, kernel, random_rows(task), M=same_everywhere, ridge=0)
    with pytest.raises(NumericsError, match=r"^iteration 0: .*not positive definite"):
        next(steps)


def test_an_agop_that_is_not_finite_ends_the_run():
    task = addition(7)
    not_a_number = torch.full((14, 14), torch.nan, dtype=torch.float64)
    steps = run(task, Quadratic(), random_rows(task), M=not_a_number, solver="lu")
    with pytest.raises(NumericsError, match=r"^iteration 0: the AGOP is not finite"):
        next(steps)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("iterations", 0, "must be an integer of at least 1, got 0"),
        ("iterations", 2.0, "must be an integer of at least 1, got 2.0"),
        ("batch", 0, "must be an integer of at least 1, got 0"),
        ("batch", "many", "must be auto or an integer of at least 1, got 'many'"),
        ("ridge", -1e-8, "must be zero or a positive number, got -1e-08"),
        ("ridge", float("nan"), "must be zero or a positive number, got nan"),
        (
            "solver",
            "qr",
            "must be one of cholesky, lu, min_norm, mixed, cholesky_or_lu, got 'qr'",
        ),
        ("agop_power", 0, "must be a positive number, got 0"),
        ("centering", 1, "must be true or false, got 1"),
        ("dtype", "float16", "must be one of float64, float32, got 'float16'"),
        ("max_growth", float("inf"), "must be a positive number, got inf"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name, value, rule):
    with pytest.raises(SettingError) as refusal:
        machine(**{name: value})
    assert str(refusal.value) == f"{name} {rule}"


@every_kernel
def test_resuming_at_any_iteration_gives_the_same_bits(kernel):
    task = addition(7)
    train = random_rows(task)
    undisturbed = list(run(task, kernel, train))
    for stopped in undisturbed[:-1]:
        resumed = list(run(task, kernel, train, resume=stopped.state))
        assert [step.iteration for step in resumed] == list(range(stopped.iteration + 1, 8))
        assert torch.equal(resumed[-1].next_M, undisturbed[-1].next_M)
        assert torch.equal(resumed[-1].test_outputs, undisturbed[-1].test_outputs)


def test_a_run_stops_early_once_everything_has_stood_still_for_long_enough():
    task = addition(7)
    train = random_rows(task)
    changed = {"iterations": 200, "stop_change": 1e-3, "stop_patience": 4}
    steps = list(run(task, Quadratic(), train, **changed))
    assert len(steps) < 200
    assert [step.last for step in steps] == [False] * (len(steps) - 1) + [True]
    for before, after in pairwise(steps[-4:]):
        assert oracles.relative_error(after.next_M, after.M) < 1e-3
        assert oracles.relative_error(before.test_outputs, after.test_outputs) < 1e-3
    assert steps[-1].state.still == 4
    resumed = list(run(task, Quadratic(), train, resume=steps[-3].state, **changed))
    assert [step.iteration for step in resumed] == [step.iteration for step in steps[-2:]]


def test_the_condition_is_estimated_when_asked():
    task = addition(7)
    train = random_rows(task)
    [step] = run(task, Gaussian(2.5), train, iterations=1, with_condition=True)
    x = examples(task, train, CPU).inputs
    K = Gaussian(2.5).gram(step.M, x, x)
    truth = torch.linalg.cond(K + 1e-8 * torch.eye(len(x), dtype=torch.float64), 1)
    assert truth / 3 < step.condition <= truth * (1 + 1e-9)
    assert next(iter(run(task, Gaussian(2.5), train, iterations=1))).condition is None


@pytest.mark.parametrize("kernel", [Gaussian(2.5), Laplace(2.5)])
def test_mixed_precision_predicts_what_cholesky_does(kernel):
    task = addition(11)
    train = random_rows(task)
    for ours, exact in zip(
        run(task, kernel, train, solver="mixed"), run(task, kernel, train), strict=True
    ):
        assert ours.solver == "mixed"
        assert oracles.relative_error(ours.test_outputs, exact.test_outputs) < 1e-8


def test_mixed_precision_refuses_the_start_learned_on_a_degenerate_split():
    task, kernel = addition(11), Gaussian(2.5)
    *_, learned = run(task, kernel, degenerate_rows(task, 0), iterations=20)
    train = random_rows(task)
    with pytest.raises(NumericsError, match=r"iteration 0.*rfm\.solver=mixed"):
        next(iter(run(task, kernel, train, M=learned.next_M, solver="mixed")))
