import numpy as np
import pytest
import torch

from grokrfm import tasks
from grokrfm.checks import SettingError
from grokrfm.kernels import Gaussian
from grokrfm.probes import OrbitPrediction
from grokrfm.probes.predicted import Predicted
from grokrfm.rfm import MinusReflection, Perturbed, Reflection, State, Step
from grokrfm.rfm.examples import examples
from grokrfm.splits import FixedPoints, Uniform
from tests.settings import CPU, experiment

TASK = tasks.addition(7)
NONE = torch.zeros(0)


def measured(probe, made, rightly):
    """With outputs that predict exactly the test rows `rightly`."""
    rows = made.split.test
    predicted = np.where(rightly, TASK.labels[rows], (TASK.labels[rows] + 1) % 7)
    outputs = torch.nn.functional.one_hot(torch.as_tensor(predicted), 7).double()
    M = torch.eye(14, dtype=torch.float64)
    step = Step(0, M, NONE, NONE, outputs, M, "lu", 0.0, State(1, M, 1.0), last=True)
    test = Predicted(examples(TASK, rows, CPU), outputs)
    numbers = probe.bind(made).measure(step, None, test)
    return {name: value.item() for name, value in numbers.items()}


def test_the_orbit_is_what_the_reflection_adds_to_the_training_set():
    """Pair by pair: sr^2 maps (a, b) to (b − 2, a + 2)."""
    made = experiment(task=TASK, split=Uniform(0.4))
    training = {tuple(TASK.pairs[row]) for row in made.split.train}
    mirrored = np.array(
        [((b - 2) % 7, (a + 2) % 7) in training for a, b in TASK.pairs[made.split.test]]
    )
    rightly = mirrored.copy()
    rightly[np.flatnonzero(mirrored)[:2]] = False
    rightly[np.flatnonzero(~mirrored)[:3]] = True
    size, both = int(mirrored.sum()), int(mirrored.sum()) - 2
    assert both > 3
    assert measured(OrbitPrediction(2), made, rightly) == pytest.approx(
        {
            "orbit_precision": both / size,
            "orbit_recall": both / (both + 3),
            "orbit_size": size,
            "orbit_correct": both,
            "test_correct": both + 3,
        }
    )


def test_nothing_predicted_and_nothing_mirrored_have_no_share():
    made = experiment(task=TASK)
    nothing = measured(OrbitPrediction(0), made, np.zeros(len(made.split.test), dtype=bool))
    assert nothing["orbit_precision"] == 0
    assert np.isnan(nothing["orbit_recall"])
    closed = experiment(task=TASK, split=FixedPoints([0], 0, 0, 0))
    numbers = measured(OrbitPrediction(0), closed, np.ones(7, dtype=bool))
    assert np.isnan(numbers["orbit_precision"])
    assert numbers["orbit_size"] == numbers["orbit_recall"] == 0


@pytest.mark.parametrize("start", [Reflection(2, Gaussian(2.5), 50, 1e-5), MinusReflection(2, 0.5)])
def test_without_an_element_it_is_that_of_the_start(start):
    made = experiment(task=TASK, start=start)
    rightly = np.arange(len(made.split.test)) % 2 == 0
    by_start = measured(OrbitPrediction(None), made, rightly)
    assert by_start == measured(OrbitPrediction(2), made, rightly)
    assert by_start != measured(OrbitPrediction(3), made, rightly)


@pytest.mark.parametrize(
    ("element", "start", "message"),
    [
        (None, None, "must be given, since the start (Identity) encodes no reflection"),
        (None, Perturbed(0.01, 0), "must be given, since the start (Perturbed) encodes no"),
        (7, None, "7 is not an element of Z7"),
    ],
)
def test_a_reflection_that_is_not_there_is_refused(element, start, message):
    changed = {"start": start} if start else {}
    with pytest.raises(SettingError) as refusal:
        experiment(probe={"orbit": OrbitPrediction(element)}, **changed)
    assert str(refusal.value).replace(": ", " ", 1).startswith(f"probe.orbit.element {message}")
