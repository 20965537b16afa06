"""The probes of the feature matrix, against what their definitions say entry by entry."""

import numpy as np
import pytest
import torch

from grokrfm import tasks
from grokrfm.algebra import logarithms
from grokrfm.checks import SettingError
from grokrfm.probes import AgopAlignment, Alignment, Circulant, Equivariance, Spectrum
from grokrfm.rfm import State, Step
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints
from tests import oracles
from tests.settings import CPU, experiment, machine

NONE = torch.zeros(0)
CYCLIC = [
    tasks.addition(7),
    tasks.subtraction(7),
    tasks.multiplication(11, False),
    tasks.division(11, False),
    tasks.division(9, True),
]
TASKS = [*CYCLIC, tasks.abelian([2, 3]), tasks.multiplication(8, True)]
title = lambda task: task.title  # noqa: E731


def random_matrix(task, seed=0):
    M = oracles.random_feature_matrix(task.width, torch.Generator().manual_seed(seed))
    return (M + M.T) / 2


def measured(probe, M, task=CYCLIC[0], **changed):
    bound = probe.bind(experiment(task=task, **changed))
    step = Step(0, M, NONE, NONE, NONE, M, "lu", 0.0, State(1, M, 1.0), last=True)
    return {name: value.item() for name, value in bound.measure(step, None, None).items()}


@pytest.mark.parametrize("task", TASKS, ids=title)
def test_the_defect_is_that_of_the_permuted_matrix(task):
    M = random_matrix(task)
    numbers = measured(Equivariance("all"), M, task)
    assert len(numbers) == 2 * task.order
    for symmetry in task.symmetries():
        P = torch.as_tensor(symmetry.permutation_matrix())
        expected = oracles.relative_error(P @ M @ P.T, M)
        assert numbers[f"equivariance_defect_{symmetry.name}"] == pytest.approx(expected)
    assert numbers[f"equivariance_defect_{task.symmetries()[1].name}"] > 0.1


def test_an_equivariant_matrix_has_no_defect():
    M = random_matrix(CYCLIC[0])
    P = torch.as_tensor(CYCLIC[0].reflection(3).permutation_matrix())
    numbers = measured(Equivariance(["sr^3", "sr^2"]), M + P @ M @ P.T)
    assert numbers["equivariance_defect_sr^3"] < 1e-15
    assert numbers["equivariance_defect_sr^2"] > 0.1


def test_the_symmetries_of_the_split_are_the_reflections_it_lists():
    M = torch.eye(14, dtype=torch.float64)
    numbers = measured(Equivariance("split"), M, split=FixedPoints([3, 5], 0, 0, 0))
    assert numbers == {"equivariance_defect_sr^3": 0, "equivariance_defect_sr^5": 0}


@pytest.mark.parametrize("task", TASKS, ids=title)
def test_alignment_is_the_cosine_of_the_off_diagonal_blocks(task):
    n, M = task.order, random_matrix(task)

    def off_diagonal(matrix):
        return np.concatenate([matrix[:n, n:].ravel(), matrix[n:, :n].ravel()])

    def cosine(reflection):
        ours, theirs = off_diagonal(M.numpy()), off_diagonal(reflection.permutation_matrix())
        return ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)

    expected = {r.name: cosine(r) for r in tasks.reflections(task)}
    numbers = measured(Alignment([*task.group.elements]), M, task)
    for name, value in expected.items():
        assert numbers[f"alignment_{name}"] == pytest.approx(value)
    smallest, following, *_ = sorted(expected.values())
    assert numbers["alignment"] == pytest.approx(smallest)
    assert numbers["alignment_next"] == pytest.approx(following)


@pytest.mark.parametrize(
    ("task", "k", "number", "name"),
    [
        (tasks.multiplication(11, False), 6, 7, "sr^7"),  # units: the element, not its index
        (tasks.addition(7), 0, 0, "sr^0"),
        (tasks.abelian([2, 3]), 5, 5, "sr^(1, 2)"),  # mixed radix: 1·3 + 2
    ],
)
def test_the_reflection_of_the_negative_sign_is_named(task, k, number, name):
    P = torch.as_tensor(task.reflection(k).permutation_matrix())
    probe = Alignment([]).bind(experiment(task=task))
    assert measured(Alignment([]), 3 - P, task)["best_reflection"] == number
    assert measured(Alignment([]), P - 3, task)["best_reflection"] != number
    assert probe.summarise({"best_reflection": [None, float(number)]}) == {
        "best_reflection_name": name
    }


def test_the_reflection_is_compared_with_those_that_the_split_holds_out():
    M = 3 - torch.as_tensor(CYCLIC[0].reflection(3).permutation_matrix())
    for listed, expected in (([3], 1), ([2, 3], 1), ([2], 0)):
        numbers = measured(Alignment([]), M, split=FixedPoints(listed, 0, 0, 0))
        assert numbers["best_is_held_out"] == expected
    assert "best_is_held_out" not in measured(Alignment([]), M)


def test_a_matrix_without_off_diagonal_blocks_has_no_alignment_and_no_deviation():
    M = torch.eye(14, dtype=torch.float64)
    assert all(np.isnan(x) for x in measured(Alignment([0]), M).values())
    assert np.isnan(measured(Circulant(), M)["circulant_deviation"])
    summary = Alignment([]).bind(experiment()).summarise({"best_reflection": [None]})
    assert summary == {"best_reflection_name": None}


def published_deviation(block):
    """Shift row i by i; squared deviations from the column means, over the square of the norm."""
    shifted = np.stack([np.roll(row, -i) for i, row in enumerate(block)])
    return ((shifted - shifted.mean(axis=0)) ** 2).sum() / (block**2).sum()


def block_in_order(task, M):
    """The off-diagonal block by exponents of a generator, columns reversed for − and ÷."""
    n = task.order
    order = np.argsort(logarithms(task.group))
    block = M[:n, n:][np.ix_(order, order)]
    reversed_too = (task.phi != np.arange(n)).any()
    return np.roll(block[:, ::-1], 1, axis=1) if reversed_too else block


@pytest.mark.parametrize("task", CYCLIC, ids=title)
def test_circulant_deviation_is_the_published_one_of_the_reordered_block(task):
    M = random_matrix(task)
    expected = published_deviation(block_in_order(task, M.numpy()))
    assert measured(Circulant(), M, task)["circulant_deviation"] == pytest.approx(expected)


@pytest.mark.parametrize("task", TASKS, ids=title)
def test_a_sum_of_reflections_has_no_circulant_deviation(task):
    weights = np.random.default_rng(0).normal(size=task.order)
    family = [r.permutation_matrix() for r in tasks.reflections(task)]
    M = torch.as_tensor(sum(w * P for w, P in zip(weights, family, strict=True)))
    assert measured(Circulant(), M, task)["circulant_deviation"] < 1e-30
    other = torch.as_tensor(sum(r.permutation_matrix() for r in task.symmetries()[1:3]))
    assert np.isnan(measured(Circulant(), other, task)["circulant_deviation"])  # diagonal blocks


@pytest.mark.parametrize("task", [CYCLIC[2], CYCLIC[3]], ids=title)
def test_without_the_reordering_multiplication_would_not_look_circulant(task):
    P = task.reflection(3).permutation_matrix() + task.reflection(5).permutation_matrix()
    n = task.order
    assert published_deviation(P[:n, n:]) > 0.5
    assert published_deviation(block_in_order(task, P)) < 1e-30


def test_the_spectrum():
    values = torch.tensor([5.0, 3.0, 2.0] + [0.0] * 11, dtype=torch.float64)
    Q = torch.linalg.qr(random_matrix(CYCLIC[0])).Q
    numbers = measured(Spectrum(2), Q @ torch.diag(values) @ Q.T)
    assert sorted(numbers) == ["effective_rank", "eigenvalue_1", "eigenvalue_2", "trace"]
    assert numbers["trace"] == pytest.approx(10)
    assert [numbers["eigenvalue_1"], numbers["eigenvalue_2"]] == pytest.approx([5, 3])
    shares = np.array([0.5, 0.3, 0.2])
    assert numbers["effective_rank"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    assert measured(Spectrum(0), torch.eye(14))["effective_rank"] == pytest.approx(14)


@pytest.mark.parametrize(
    ("probe", "changed", "message"),
    [
        (
            Equivariance(["sr^8"]),
            {},
            "p.symmetries: addition mod 7 has no symmetry sr^8; did you mean",
        ),
        (Equivariance("split"), {}, "p.symmetries: split: this split lists no reflections; name"),
        (Alignment([9]), {}, "p.reflections: 9 is not an element of Z7"),
        (
            Alignment([2, 3]),
            {"task": tasks.abelian([5, 7])},
            "p.reflections: 2 is not an element of Z5 x Z7",
        ),
        (Spectrum(15), {}, "p.eigenvalues must be at most 14, the width of M, got 15"),
    ],
)
def test_a_probe_that_does_not_suit_the_run_is_refused_when_it_is_built(probe, changed, message):
    with pytest.raises(SettingError) as refusal:
        experiment(probe={"p": probe}, **changed)
    assert str(refusal.value).startswith(f"probe.{message}")


@pytest.mark.parametrize(
    ("build", "setting"),
    [
        (lambda: Equivariance("reflections"), "symmetries"),
        (lambda: Equivariance([]), "symmetries"),
        (lambda: Equivariance([3]), "symmetries"),
        (lambda: Alignment(3), "reflections"),
        (lambda: Spectrum(-1), "eigenvalues"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(build, setting):
    with pytest.raises(SettingError, match=f"^{setting} must be"):
        build()


def test_a_probe_measures_nothing_before_it_has_seen_the_run():
    with pytest.raises(TypeError, match="bound to a run"):
        Circulant().measure(None, None, None)


def test_agop_alignment_is_known_for_every_iteration_in_the_end():
    made = experiment(probe={"agop": AgopAlignment()}, rfm=machine(4))
    seen = list(made.observe(CPU, FeatureSelection("all")))
    matrices = [seen[k].arrays[k] for k in range(4)] + [seen[-1].arrays[4]]
    last = matrices[-1] / np.linalg.norm(matrices[-1])
    cosines = [float((M * last).sum() / np.linalg.norm(M)) for M in matrices[:-1]]
    assert [observation.hindsight for observation in seen[:-1]] == [{}] * 3
    assert seen[-1].hindsight["agop_alignment"] == pytest.approx(cosines)
    assert cosines[0] < 0.9

    resumed = list(made.observe(CPU, FeatureSelection("none"), seen[1].state()))
    assert [observation.iteration for observation in resumed] == [2, 3]
    assert resumed[-1].hindsight == seen[-1].hindsight
