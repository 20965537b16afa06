import numpy as np
import pytest
import torch

from grokrfm import tasks
from grokrfm.checks import SettingError
from grokrfm.experiment import Experiment
from grokrfm.kernels import Gaussian
from grokrfm.probes import Accuracy, Grok, Loss
from grokrfm.rfm import RFM, Identity, Reflection
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints, Uniform

CPU = torch.device("cpu")


def experiment(**changed):
    parts = {
        "task": tasks.addition(7),
        "split": Uniform(0.5),
        "kernel": Gaussian(2.5),
        "rfm": RFM(3, 1e-8, "cholesky", 0.5, True, "float64", 1e6, None, 1, 60, None, 1),
        "start": Identity(),
        "probe": {"accuracy": Accuracy(1e-6), "loss": Loss(), "grok": Grok(0.9)},
        "seed": 0,
    }
    return Experiment(**(parts | changed))


def test_the_seed_alone_decides_the_split():
    first, again, other = (experiment(seed=seed).split for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)


def test_every_iteration_shows_the_same_numbers_and_the_matrices_asked_for():
    seen = list(experiment().observe(CPU, FeatureSelection([0, 3])))
    assert [observation.iteration for observation in seen] == [0, 1, 2]
    assert len({tuple(observation.numbers) for observation in seen}) == 1
    assert [sorted(observation.arrays) for observation in seen] == [[0], [], [3]]
    np.testing.assert_array_equal(seen[0].arrays[0], np.eye(14))


def test_the_last_matrix_is_that_after_the_last_update():
    every = {
        k: M
        for step in experiment().observe(CPU, FeatureSelection("all"))
        for k, M in step.arrays.items()
    }
    last = list(experiment().observe(CPU, FeatureSelection("last")))[-1].arrays
    assert sorted(every) == [0, 1, 2, 3]
    np.testing.assert_array_equal(last[3], every[3])


def test_strata_are_counted():
    facts = experiment(split=FixedPoints([0], 0, 2, 0)).facts()
    assert facts["n_test_fixed"] == 7
    assert facts["n_test_moved"] == 2
    assert facts["n_train"] + facts["n_test"] == 49


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": -1}, "seed must be an integer of at least 0"),
        ({"split": FixedPoints([9], 0, 0, 0)}, "split.reflections: 9 is not an element of Z7"),
        (
            {"start": Reflection(9, Gaussian(2.5), 50, 1e-5)},
            "start.element: 9 is not an element of Z7",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused_before_anything_is_computed(changed, message):
    with pytest.raises(SettingError, match=message):
        experiment(**changed)


def test_falling_back_to_lu_is_counted():
    summary = experiment().summarise(
        {
            "iteration": [0, 1, 2],
            "solver": ["cholesky", "lu", "lu"],
            "test_accuracy": [0.0, 0.5, 1.0],
        }
    )
    assert summary == {"lu_iterations": 2, "stopped_early": False, "grok_iteration": 2}


def test_observing_from_a_state_goes_on_as_if_nothing_had_happened():
    undisturbed = list(experiment().observe(CPU, FeatureSelection("all")))
    resumed = list(experiment().observe(CPU, FeatureSelection("all"), undisturbed[0].state()))
    assert [observation.iteration for observation in resumed] == [1, 2]
    for ours, theirs in zip(resumed, undisturbed[1:], strict=True):
        assert {**ours.numbers, "seconds": 0} == {**theirs.numbers, "seconds": 0}
        for k, M in ours.arrays.items():
            np.testing.assert_array_equal(M, theirs.arrays[k])


def test_predictions_cover_the_table_and_agree_with_the_outputs():
    made = experiment()
    [*_, step] = made.steps(CPU)
    kept = list(made.observe(CPU, FeatureSelection("none")))[-1].predictions()
    rows = kept["rows"]
    np.testing.assert_array_equal(rows, kept["operands"] @ [7, 1])
    np.testing.assert_array_equal(np.sort(rows), np.arange(49))
    np.testing.assert_array_equal(kept["labels"], kept["operands"].sum(axis=1) % 7)
    np.testing.assert_array_equal(np.sort(rows[kept["training"]]), made.split.train)

    row = int(np.flatnonzero(rows == made.split.test[3])[0])
    outputs = step.test_outputs[3].numpy()
    assert kept["predicted"][row] == outputs.argmax()
    assert kept["lead"][row] == np.diff(np.sort(outputs)[-2:])[0]


def test_the_summary_shows_what_other_probes_have_measured():
    one = experiment()
    facts = one.facts()
    metrics = {"train_accuracy": 1.0, "test_accuracy": 0.5, "updates": 3, "margin_median": 0.1}
    plain = one.summary(facts, metrics)
    assert not [line for line in plain if "also measured" in line]
    more = {"trace": 12.34567, "verdict": "fits", "group_order": 7, "group_name": None}
    assert one.summary(facts, metrics | more) == [
        *plain,
        "also measured: trace 12.35, verdict fits, group_order 7",
    ]
