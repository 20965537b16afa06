"""Speed of an iteration on representatives against the dense engine and the naive arithmetic."""

from __future__ import annotations

from dataclasses import asdict

import torch

from grokrfm.bench.iteration import (
    CPU,
    DEGENERATE,
    NO_FEATURES,
    against_naive_of,
    experiment_of,
    peak_gb,
)
from grokrfm.bench.measure import Row, Tables, ratio, seconds
from grokrfm.experiment import Experiment
from grokrfm.rfm import SymmetricRFM


def against_dense(kernel: str, modulus: int, repeats: int = 5) -> Row:
    """Measure iterations on representatives against those of the dense engine, alternately."""
    dense = experiment_of(kernel, modulus, DEGENERATE, repeats + 1)
    ours, theirs = (run.observe(CPU, NO_FEATURES) for run in (on_representatives(dense), dense))
    pairs = [
        (seconds(lambda: next(theirs)), seconds(lambda: next(ours))) for _ in range(repeats + 1)
    ][1:]
    row = {"kernel": kernel, "p": modulus, "n": len(dense.split.train)}
    return {**row, **ratio(pairs, "dense", "symmetric")}


def against_naive(kernel: str, modulus: int, repeats: int = 3) -> Row:
    """Measure iterations on representatives against the naive arithmetic, alternately."""
    dense = experiment_of(kernel, modulus, DEGENERATE, repeats + 1)
    return against_naive_of(on_representatives(dense), kernel, repeats)


def memory(kernel: str, modulus: int, iterations: int = 6) -> Row:
    """Measure iterations, and the peak memory beyond that of the interpreter with torch.

    A Cholesky factorisation of order 3660 beside each shows a machine that is busy: 0.5 s if not.
    """
    before = peak_gb()
    run = on_representatives(experiment_of(kernel, modulus, DEGENERATE, iterations))
    observations = run.observe(CPU, NO_FEATURES)
    next(observations), next(observations)
    peak = peak_gb() - before
    K = torch.eye(3660, dtype=torch.float64)
    pairs = [
        (seconds(lambda: next(observations)), seconds(lambda: torch.linalg.cholesky(K)))
        for _ in range(iterations - 2)
    ]
    row = {"kernel": kernel, "p": modulus, "n": len(run.split.train), "peak [GB]": round(peak, 3)}
    return {**row, **ratio(pairs, "iteration", "cholesky")}


def on_representatives(dense: Experiment) -> Experiment:
    """Run with the same settings, solved on representatives."""
    return Experiment(
        dense.task,
        dense.splitter,
        dense.kernel,
        SymmetricRFM(**asdict(dense.rfm)),
        dense.start,
        dense.probes,
        dense.seed,
    )


TABLES: Tables = {
    "dense / on representatives, p = 61, m = 0 (at least 40)": (
        against_dense,
        [["gaussian", 61], ["laplace", 61], ["quadratic", 61]],
    ),
    "naive n x c x d with LU / on representatives, p = 61, m = 0 (at least 200)": (
        against_naive,
        [["gaussian", 61], ["quadratic", 61]],
    ),
    "on representatives, p = 199, m = 0 (at most 1.5 s an iteration and 2 GB)": (
        memory,
        [["gaussian", 199], ["quadratic", 199]],
    ),
}
