"""Updates of the second learner against a plain loop, and of ten seeds together against alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from statistics import fmean

import torch

from grokrfm.bench.measure import Row, Tables, ratio, seconds
from grokrfm.dynamics import Dynamics, Rotations, Training
from grokrfm.environments import Environment, Sphere, Teapot, flatland, gridworld, group_action
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import Everything
from grokrfm.tasks import addition

CPU, NO_FEATURES = torch.device("cpu"), FeatureSelection("none")
ENVIRONMENTS: dict[str, Callable[[], Environment]] = {
    "gridworld": lambda: gridworld(10),
    "flatland": lambda: flatland(10, "random", "exact"),
    "sphere": lambda: Sphere(4, 10, 0.5),
    "teapot": lambda: Teapot(1000, 0),
    "group": lambda: group_action(addition(31).group, [1], True, "regular", []),
}


def against_loop(name: str, updates: int, looped: int, repeats: int = 3) -> Row:
    """Measure updates against those of a loop over episodes and frames, kept in tests/."""
    naive_training = import_module("tests.dynamics.naive").naive_training  # needs the checkout
    environment = ENVIRONMENTS[name]()
    run, short = (learner(environment, updates=n, observe_every=n // 2) for n in (updates, looped))
    naive_training(short)
    pairs = [
        (seconds(lambda: naive_training(short)) / looped, of_an_update([run]))
        for _ in range(repeats)
    ]
    row = ratio(pairs, "loop", "update")
    return {"env": name, "updates per second": round(1 / float(str(row["update [s]"]))), **row}


def against_alone(size: int, members: int, dtype: str, updates: int = 200, repeats: int = 5) -> Row:
    """Measure updates of grid worlds alone against those of all seeds together, alternately."""
    runs = [
        learner(gridworld(size), updates=updates, observe_every=updates // 2, dtype=dtype, seed=k)
        for k in range(members)
    ]
    pairs = [
        (fmean(of_an_update([run]) for run in runs), of_an_update(runs) / members)
        for _ in range(repeats)
    ]
    return {"p": size, "dtype": dtype, "runs": members, **ratio(pairs, "alone", "together")}


def training(size: int) -> Row:
    """Measure a training as `train=default` has it, with all observations."""
    run = learner(gridworld(size), updates=3000, observe_every=100)
    taken = seconds(lambda: list(run.observe(CPU, NO_FEATURES)))
    return {"p": size, "updates": 3000, "s": round(taken, 2)}


def learner(
    environment: Environment,
    *,
    updates: int,
    observe_every: int,
    dtype: str = "float64",
    seed: int = 0,
) -> Dynamics:
    """Rotations with the hyper-parameters of `train=default`."""
    latent = environment.smallest_latent
    model = Rotations(latent, hidden=64, entanglement=0.01, consistency=0, spread=None)
    train = Training(updates, 16, 5, 0.01, 0.01, 1, dtype, observe_every, 60, 10)
    return Dynamics(environment, Everything(), model, train, [], seed)


def of_an_update(runs: Sequence[Dynamics]) -> float:
    """Seconds of an update of all runs, without observations; the first half warms up."""
    observations = Dynamics.observe_batched(
        runs, CPU, [NO_FEATURES] * len(runs), [None] * len(runs)
    )
    *_, (_, last) = observations
    assert not isinstance(last, Exception)
    return float(str(last.numbers["seconds"]))


TABLES: Tables = {
    "a plain loop over episodes / an update of a training": (
        against_loop,
        [
            ["gridworld", 200, 4],
            ["flatland", 20, 2],
            ["sphere", 100, 4],
            ["teapot", 10, 2],
            ["group", 200, 4],
        ],
    ),
    "an update of ten seeds one after the other / together, grid world (at least 3)": (
        against_alone,
        [[size, 10, dtype] for size in (5, 10) for dtype in ("float64", "float32")],
    ),
    "a training of 3,000 updates, grid world (p = 10: at most 8 s)": (training, [[5], [10]]),
}
