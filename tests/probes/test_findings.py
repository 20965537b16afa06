"""What the probes must show of the learner, as the papers and SCIENCE.md say."""

import numpy as np
import pytest

from grokrfm import tasks
from grokrfm.kernels import Gaussian, Quadratic
from grokrfm.probes import Accuracy, AgopAlignment, Alignment, Circulant, OrbitPrediction, Spectrum
from grokrfm.rfm import Reflection
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints, Uniform
from tests.settings import CPU, experiment, machine

title = lambda task: task.title  # noqa: E731


def degenerate(task, element, iterations, **changed):
    """The run that lacks the fixed points of sr^element."""
    splitter = FixedPoints([element], 0, 0, 0)
    return experiment(task=task, split=splitter, rfm=machine(iterations), **changed)


@pytest.mark.parametrize(("modulus", "k"), [*((13, k) for k in range(13)), (29, 0), (29, 7)])
def test_the_degenerate_split_ends_in_the_closed_form(modulus, k):
    """M ∝ (I − Π(sr^k)), every block minus the means of its rows; its rank is n − 1."""
    task = tasks.addition(modulus)
    probes = {"spectrum": Spectrum(modulus), "alignment": Alignment([])}
    *_, (step, numbers) = degenerate(task, k, 25, probe=probes).measured()
    one_minus_mean = np.eye(modulus) - np.full((modulus, modulus), 1 / modulus)
    centred = np.kron(np.eye(2), one_minus_mean)
    closed = (np.eye(2 * modulus) - task.reflection(k).permutation_matrix()) @ centred
    for M in (step.M.numpy(), step.next_M.numpy()):
        found = M / np.linalg.norm(M)
        assert np.linalg.norm(found - closed / np.linalg.norm(closed)) < 1e-6
    assert numbers["effective_rank"] == pytest.approx(modulus - 1, rel=1e-5)
    assert numbers[f"eigenvalue_{modulus - 1}"] == pytest.approx(numbers["eigenvalue_1"], rel=1e-6)
    assert numbers[f"eigenvalue_{modulus}"] < 1e-6 * numbers["eigenvalue_1"]
    assert numbers["alignment"] == pytest.approx(-np.sqrt(1 - 1 / modulus), abs=1e-6)


@pytest.mark.parametrize(
    "task",
    [
        tasks.addition(11),
        tasks.subtraction(11),
        tasks.multiplication(11, False),
        tasks.division(11, False),
        tasks.abelian([3, 7]),
    ],
    ids=title,
)
def test_the_best_match_names_the_reflection_held_out(task):
    for index, element in enumerate(task.group.elements):
        made = degenerate(task, element, 6, probe={"alignment": Alignment([])})
        seen = [numbers for _, numbers in made.measured()]
        history = {"best_reflection": [numbers["best_reflection"] for numbers in seen]}
        summary = made.summarise({"solver": ["cholesky"] * 6, **history})
        assert summary["best_reflection_name"] == task.reflection(index).name
        assert seen[-1]["alignment"] < -0.9 < 0 < seen[-1]["alignment_next"]


def orbit(modulus, k, seed):
    """A10 at its first fit: what M₀ learned without Fix(sr^k) predicts on a uniform split."""
    made = experiment(
        task=tasks.addition(modulus),
        split=Uniform(0.5),
        start=Reflection(k, Gaussian(2.5), 50, 1e-5),
        rfm=machine(60 if modulus < 17 else 30),
        probe={"orbit": OrbitPrediction(None)},
        seed=seed,
    )
    return next(made.measured())[1]


@pytest.mark.parametrize("k", range(13))
def test_exactly_the_mirror_images_of_the_training_rows_are_predicted(k):
    """A10. The seed is one where every orbit point leads by 0.2: at p = 13 one draw in eight misses
    one to four of some forty orbit points, at any ridge from 0 to 1e-4; from p = 17 on none did."""
    numbers = orbit(13, k, seed=47)
    assert numbers["orbit_precision"] == numbers["orbit_recall"] == 1
    assert 10 < numbers["orbit_size"] == numbers["orbit_correct"] == numbers["test_correct"] < 60


@pytest.mark.parametrize("k", range(0, 13, 3))
def test_nothing_but_mirror_images_is_predicted_whatever_the_split(k):
    for seed in range(3):
        numbers = orbit(13, k, seed)
        assert numbers["orbit_recall"] == 1
        assert numbers["orbit_precision"] > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("k", range(17))
def test_exactly_the_mirror_images_are_predicted_whatever_the_split_from_17_on(k):
    numbers = orbit(17, k, seed=k)
    assert numbers["orbit_precision"] == numbers["orbit_recall"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [Gaussian(2.5), Quadratic()], ids=["gaussian", "quadratic"])
@pytest.mark.parametrize(
    "task",
    [
        tasks.addition(31),
        tasks.subtraction(31),
        tasks.multiplication(31, False),
        tasks.division(31, False),
    ],
    ids=title,
)
def test_features_become_circulant_while_the_accuracy_still_stands_at_zero(task, kernel):
    """B's figure: the accuracy is flat for 8 iterations and then goes to 1; the deviation has
    been falling all the while, to about 0, and the cosine with the last M has been rising."""
    made = experiment(
        task=task,
        split=Uniform(0.7),
        kernel=kernel,
        rfm=machine(25),
        probe={"a": Accuracy(1e-6), "circulant": Circulant(), "agop": AgopAlignment()},
    )
    seen = list(made.observe(CPU, FeatureSelection("none")))
    accuracy = np.array([observation.numbers["test_accuracy"] for observation in seen])
    deviation = np.array([observation.numbers["circulant_deviation"] for observation in seen])
    aligned = np.array(seen[-1].hindsight["agop_alignment"])
    assert np.isnan(deviation[0])  # M₀ = I
    assert (accuracy[:8] < 0.01).all()
    assert (accuracy[16:] > 0.95).all()
    assert (np.diff(deviation[2:11]) < 0).all()
    assert deviation[2] > 0.3 > 0.1 > deviation[7]  # most of the way before the first point
    assert deviation[-1] < 0.02
    assert (np.diff(aligned) > -1e-6).all()
    assert aligned[0] < 0.8 < 0.999 < aligned[-1]


@pytest.mark.slow
def test_on_the_degenerate_split_nothing_of_the_kind_happens():
    made = degenerate(tasks.addition(31), 0, 20, probe={"circulant": Circulant()})
    deviations = [numbers["circulant_deviation"] for _, numbers in made.measured()][1:]
    assert max(deviations) < 1e-8  # one stripe of Π(s) is circulant, and predicts nothing
