"""Training: alone and together, cut off and resumed, against a plain loop per episode."""

import numpy as np
import pytest
import torch

from grokrfm.checks import NumericsError, SettingError
from grokrfm.dynamics import Dynamics, Rotations, Training
from grokrfm.dynamics.episodes import Member, batches
from grokrfm.dynamics.loop import initial
from grokrfm.dynamics.training import Ensemble
from grokrfm.environments import Sphere, gridworld
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import Everything, Uniform
from tests.dynamics.naive import naive_training

CPU, NONE = torch.device("cpu"), FeatureSelection("none")


def training(**changed):
    given = {
        "updates": 120,
        "episodes": 4,
        "length": 3,
        "rate": 0.01,
        "action_rate": 0.02,
        "restarts": 1,
        "dtype": "float64",
        "observe_every": 50,
        "checkpoint_seconds": 60,
        "batch": 8,
    }
    return Training(**{**given, **changed})


def rotations(**changed):
    given = {"latent": 4, "hidden": 8, "entanglement": 0.01, "consistency": 0, "spread": None}
    return Rotations(**{**given, **changed})


def learner(seed=0, split=None, model=None, env=None, **changed):
    env, split, model = env or gridworld(3), split or Everything(), model or rotations()
    return Dynamics(env, split, model, training(**changed), [0, 5], seed)


def numbers(observations):
    return [
        {name: value for name, value in one.numbers.items() if name != "seconds"}
        for one in observations
    ]


def equal(found, expected, tolerance):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            if isinstance(value, float):
                assert value == pytest.approx(other[name], abs=tolerance, nan_ok=True), name
            else:
                assert value == other[name], name


@pytest.mark.parametrize(
    "model",
    [
        rotations(),
        rotations(consistency=[[0, 0.1], [1, 0]], entanglement=[[0, 0], [1, 0.1]], spread=2.0),
    ],
)
@pytest.mark.parametrize(
    ("env", "split"),
    [
        (gridworld(3), Everything()),
        (gridworld(3), Uniform(0.4)),  # some walks end early
        (Sphere(1, 3, 0.5), Everything()),  # its actions are continuous
    ],
)
def test_an_update_is_that_of_a_plain_loop(model, env, split):
    run = learner(seed=3, split=split, model=model, env=env, updates=60)
    losses, module = naive_training(run)
    [last] = [o for o in run.observe(CPU, NONE) if o.iteration == 59]
    assert last.numbers["reconstruction_loss"] == pytest.approx(np.mean(losses[50:]), rel=1e-9)
    for name, value in module.state_dict().items():
        held = last.state().get(f"weights.{name}")
        if held is not None:
            np.testing.assert_allclose(held[0], value, atol=1e-10, err_msg=name)


def test_runs_of_one_batch_are_those_alone():
    runs = [learner(seed, restarts=2) for seed in range(3)]
    together = {k: [] for k in range(3)}
    for k, observation in Dynamics.observe_batched(runs, CPU, [NONE] * 3, [None] * 3):
        together[k].append(observation)
    for k, run in enumerate(runs):
        equal(numbers(together[k]), numbers(run.observe(CPU, NONE)), 1e-6)


def test_a_run_continues_to_the_same_bits():
    whole = list(learner().observe(CPU, NONE))
    for cut in (0, 1):
        rest = list(learner().observe(CPU, NONE, whole[cut].state()))
        equal(numbers(rest), numbers(whole[cut + 1 :]), 0)
        for name, value in rest[-1].state().items():
            np.testing.assert_array_equal(value, whole[-1].state()[name])


def test_members_of_a_batch_that_were_cut_off_at_different_updates_continue():
    runs = [learner(seed) for seed in range(2)]
    whole = [list(run.observe(CPU, NONE)) for run in runs]
    resumes = [whole[0][0].state(), None]
    found = {0: [], 1: []}
    for k, observation in Dynamics.observe_batched(runs, CPU, [NONE] * 2, resumes):
        found[k].append(observation)
    equal(numbers(found[0]), numbers(whole[0][1:]), 1e-6)
    equal(numbers(found[1]), numbers(whole[1]), 1e-6)


def test_how_often_it_is_observed_changes_nothing():
    [*_, often] = learner(observe_every=7).observe(CPU, NONE)
    [*_, once] = learner(observe_every=1000).observe(CPU, NONE)
    for name, value in often.state().items():
        np.testing.assert_array_equal(value, once.state()[name])


def test_a_loss_that_is_not_finite_fails_one_run_and_names_the_update():
    broken, sound = learner(0), learner(1)
    [first, *_] = broken.observe(CPU, NONE)
    state = dict(first.state())
    state["weights.encoder.0.weight"] = np.full_like(state["weights.encoder.0.weight"], np.nan)
    [other, *_] = sound.observe(CPU, NONE)
    found = list(Dynamics.observe_batched([broken, sound], CPU, [NONE] * 2, [state, other.state()]))
    assert [str(o) for k, o in found if k == 0] == [
        "the loss of update 50 is not finite; try a smaller train.rate"
    ]
    assert [o.iteration for k, o in found if k == 1] == [99, 119]


def test_weights_that_are_not_finite_fail_a_run_and_name_the_update():
    broken = learner(rate=1e308, updates=1)
    with pytest.raises(NumericsError, match=r"^the weights after update 0 are not finite"):
        list(broken.observe(CPU, NONE))


SCHEDULE = r"must be a number, or a list of \[share of the training, value\]"


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        *((name, 0, "must be an integer of at least 1, got 0")
          for name in ("updates", "episodes", "length", "restarts", "observe_every", "batch")),
        ("updates", 2.5, "must be an integer of at least 1, got 2.5"),
        ("rate", -1, "must be zero or a positive number, got -1"),
        ("action_rate", -0.1, "must be zero or a positive number, got -0.1"),
        ("action_rate", "fast", "must be zero or a positive number, got 'fast'"),
        ("rate", [], SCHEDULE),
        ("rate", [[0, 1], [0.5]], SCHEDULE),
        ("rate", [[0.5, 1], [0, 1]], SCHEDULE),
        ("dtype", "float16", "must be one of float64, float32, got 'float16'"),
        ("checkpoint_seconds", -1, "must be zero or a positive number, got -1"),
    ],
)  # fmt: skip
def test_a_setting_of_a_training_is_refused_by_name(setting, value, message):
    with pytest.raises(SettingError, match=f"^{setting}:? {message}"):
        training(**{setting: value})


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("latent", 1, "must be an integer of at least 2, got 1"),
        ("latent", 4.5, "must be an integer of at least 2, got 4.5"),
        ("latent", 33, "must be at most 32, got 33"),
        ("hidden", 0, "must be an integer of at least 1, got 0"),
        ("spread", 0, "must be a positive number, got 0"),
        ("entanglement", -1, "must be zero or a positive number, got -1"),
        ("consistency", [[0, 0.1], [1, -1]], "must be"),
    ],
)
def test_a_setting_of_rotations_is_refused_by_name(setting, value, message):
    with pytest.raises(SettingError, match=f"^{setting}:? {message}"):
        rotations(**{setting: value})


def test_restarts_have_weights_and_walks_of_their_own():
    env, model, settings = gridworld(3), rotations(), training()
    members = [Member(env, model, None, 0, restart) for restart in range(2)]
    modules = [initial(member) for member in members]
    assert not torch.equal(modules[0].encoder[0].weight, modules[1].encoder[0].weight)
    batch = next(batches(members, settings, 0, CPU))
    assert not torch.equal(batch["frames"][0], batch["frames"][1])
    ensemble = Ensemble(modules, settings, CPU, together=True)
    assert all(len(values) == 2 for values in ensemble.weights.values())


def test_torch_keeps_its_own_generator():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    list(learner(updates=2).observe(CPU, NONE))
    assert torch.equal(torch.rand(1), expected)
