"""Speed of batched runs against the same runs one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from grokrfm.bench.iteration import CPU, NO_FEATURES, experiment_of, naive_iteration
from grokrfm.bench.measure import Row, Tables, ratio, seconds
from grokrfm.experiment import Experiment
from grokrfm.splits import Uniform


def against_alone(
    kernel: str, modulus: int, members: int, repeats: int = 5, device: str = "cpu"
) -> Row:
    """Measure iterations of runs alone against the same iterations in a batch, alternately."""
    iterations = max(3, 2000 // modulus**2)
    runs = [
        experiment_of(kernel, modulus, Uniform(0.5), iterations, seed=seed)
        for seed in range(members)
    ]
    where = torch.device(device)
    pairs = [
        (seconds(lambda: list(_alone(runs, where))), seconds(lambda: list(_batched(runs, where))))
        for _ in range(repeats + 1)
    ][1:]
    each = [(a / iterations / members, b / iterations / members) for a, b in pairs]
    row = {"kernel": kernel, "p": modulus, "n": len(runs[0].split.train), "runs": members}
    return {**row, **ratio(each, "alone", "batched")}


def against_naive(kernel: str, modulus: int, members: int, repeats: int = 5) -> Row:
    """Measure an iteration of the naive arithmetic against one of a run in a batch, alternately."""
    iterations = repeats + 1
    runs = [
        experiment_of(kernel, modulus, Uniform(0.9), iterations, seed=seed)
        for seed in range(members)
    ]
    observations, naive = iter(_batched(runs, CPU)), naive_iteration(runs[0], kernel)
    pairs = [
        (seconds(naive), seconds(lambda: [next(observations) for _ in runs]) / members)
        for _ in range(iterations)
    ][1:]
    row = {"kernel": kernel, "p": modulus, "n": len(runs[0].split.train), "runs": members}
    return {**row, **ratio(pairs, "naive", "batched")}


def _alone(runs: list[Experiment], device: torch.device) -> Iterator[object]:
    for run in runs:
        yield from run.observe(device, NO_FEATURES)


def _batched(runs: list[Experiment], device: torch.device) -> Iterator[object]:
    return Experiment.observe_batched(runs, device, [NO_FEATURES] * len(runs), [None] * len(runs))


TABLES: Tables = {
    "an iteration of a run alone / in a batch (above 1: the batch is faster)": (
        against_alone,
        [
            [kernel, modulus, members]
            for kernel in ("gaussian", "quadratic")
            for modulus in (5, 11, 17, 23, 31)
            for members in (4, 16)
        ],
    ),
    "naive n x c x d with LU / an iteration in a batch (at least 10)": (
        against_naive,
        [["gaussian", 11, 64, 20], ["quadratic", 11, 64, 20]],
    ),
}
