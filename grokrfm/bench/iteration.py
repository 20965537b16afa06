"""Cost of an RFM iteration relative to a bare Cholesky factorisation, which is unavoidable."""

from __future__ import annotations

import resource
from collections.abc import Callable

import torch
from torch import Tensor

from grokrfm import tasks
from grokrfm.bench.measure import Row, Tables, ratio, seconds
from grokrfm.experiment import Experiment
from grokrfm.kernels import Gaussian, GeneralQuadratic, Kernel, Laplace, OneHot, Quadratic
from grokrfm.probes import Accuracy, Grok, Loss, Margin
from grokrfm.rfm import RFM, Identity
from grokrfm.rfm.examples import examples
from grokrfm.runs.features import FeatureSelection
from grokrfm.splits import FixedPoints, Splitter, Uniform

CPU = torch.device("cpu")
NO_FEATURES = FeatureSelection("none")
KERNELS: dict[str, Kernel] = {
    "gaussian": Gaussian(2.5),
    "laplace": Laplace(2.5),
    "quadratic": Quadratic(),
    "general_quadratic": GeneralQuadratic(),
}
DEGENERATE = FixedPoints([0], 0, 0, 0)
SIZES = [(11, 300), (17, 150), (23, 60), (29, 40), (31, 30), (43, 12), (61, 7)]
"""p, and the number of iterations timed."""


def against_cholesky(
    kernel: str, modulus: int, repeats: int = 7, device: str = "cpu", train_fraction: float = 0
) -> Row:
    """Measure an iteration with all probes against `torch.linalg.cholesky` of its kernel matrix.

    The two alternate; each pair gives a ratio.
    """
    where, splitter = torch.device(device), splitter_of(train_fraction)
    experiment = experiment_of(kernel, modulus, splitter, repeats + 1)
    x = examples(experiment.task, experiment.split.train, where).inputs
    K = experiment.kernel.gram(torch.eye(x.width, dtype=torch.float64, device=where), x, x)
    K.diagonal().add_(experiment.rfm.ridge)
    observations = experiment.observe(where, NO_FEATURES)
    pairs = [
        (seconds(lambda: next(observations)), seconds(lambda: torch.linalg.cholesky(K)))
        for _ in range(repeats + 1)
    ][1:]
    return {"kernel": kernel, "n": len(x), **ratio(pairs, "iteration", "cholesky")}


def against_naive(kernel: str, modulus: int, repeats: int = 3) -> Row:
    """Measure an iteration against the same arithmetic with a tensor n × c × d, and LU."""
    return against_naive_of(
        experiment_of(kernel, modulus, DEGENERATE, repeats + 1), kernel, repeats
    )


def against_naive_of(experiment: Experiment, kernel: str, repeats: int) -> Row:
    """As `against_naive`, of a given experiment."""
    naive = naive_iteration(experiment, kernel)
    observations = experiment.observe(CPU, NO_FEATURES)
    pairs = [(seconds(naive), seconds(lambda: next(observations))) for _ in range(repeats + 1)][1:]
    row = {"kernel": kernel, "n": len(experiment.split.train)}
    return {**row, **ratio(pairs, "naive", "iteration")}


def naive_iteration(experiment: Experiment, kernel: str) -> Callable[[], Tensor]:
    """First iteration of a run with a tensor n × c × d, and LU; it measures nothing."""
    train = examples(experiment.task, experiment.split.train, CPU)
    targets = torch.nn.functional.one_hot(train.labels).double()
    M = torch.eye(train.inputs.width, dtype=torch.float64)
    naive = {"gaussian": _naive_gaussian, "quadratic": _naive_quadratic}[kernel]
    return lambda: naive(M, train.inputs, targets)


def memory(kernel: str, modulus: int, train_fraction: float = 0) -> Row:
    """Measure the peak memory of two iterations beyond that of the interpreter with torch."""
    before = peak_gb()
    experiment = experiment_of(kernel, modulus, splitter_of(train_fraction), 2)
    taken = seconds(lambda: list(experiment.observe(CPU, NO_FEATURES))) / 2
    row = {"kernel": kernel, "p": modulus, "n": len(experiment.split.train)}
    peak = peak_gb() - before
    return {**row, "peak [GB]": round(peak, 3), "iteration [s]": round(taken, 2)}


def small(kernel: str, modulus: int, iterations: int = 1000) -> Row:
    """Measure many iterations of a small run, after the first one."""
    experiment = experiment_of(kernel, modulus, DEGENERATE, iterations)
    observations = experiment.observe(CPU, NO_FEATURES)
    next(observations)
    taken = seconds(lambda: list(observations))
    row = {"kernel": kernel, "n": len(experiment.split.train), "iterations": iterations}
    return {**row, "seconds": round(taken, 2)}


TABLES: Tables = {
    "iteration / Cholesky (Gaussian at most 7, 4.5, 3, 2.5, 2.4, 1.9, 1.6; quadratic 6, 1.8, 1.2;"
    " Laplace 1.9)": (
        against_cholesky,
        [
            *(["gaussian", *size] for size in SIZES),
            *(["quadratic", p, repeats] for p, repeats in SIZES if p in (11, 29, 61)),
            ["laplace", 61],
            ["general_quadratic", 61],
        ],
    ),
    "naive n x c x d with LU / iteration (at least 4, 6, 8)": (
        against_naive,
        [["gaussian", 11, 200], ["gaussian", 29, 20], ["gaussian", 61], ["quadratic", 61]],
    ),
    "memory (p = 61: at most 0.6 GB)": (memory, [["gaussian", 61], ["quadratic", 61]]),
    "small runs, p = 11 (at most 3 s)": (small, [[kernel, 11] for kernel in KERNELS]),
}
LARGE: Tables = {
    "iteration / Cholesky, p = 113 (at most 1.8)": (
        against_cholesky,
        [["gaussian", 113, 2], ["laplace", 113, 2]],
    ),
    "memory (p = 113: at most 6 GB; p = 199 at 25 %: at most 5 GB)": (
        memory,
        [["gaussian", 113], ["gaussian", 199, 0.25], ["quadratic", 199, 0.25]],
    ),
}


def splitter_of(train_fraction: float) -> Splitter:
    """Split with a fraction of the table in training; 0: all but the fixed points of s."""
    return Uniform(train_fraction) if train_fraction else DEGENERATE


def experiment_of(
    kernel: str,
    modulus: int,
    splitter: Splitter,
    iterations: int,
    *,
    seed: int = 0,
    solver: str = "cholesky",
) -> Experiment:
    """Experiment on addition with every default probe."""
    return Experiment(
        task=tasks.addition(modulus),
        split=splitter,
        kernel=KERNELS[kernel],
        rfm=RFM(iterations, 1e-8, solver, 0.5, True, "float64", 1e6, None, 1, 60, None, 1),
        start=Identity(),
        probe={"a": Accuracy(1e-6), "l": Loss(), "m": Margin(1e-6), "g": Grok(0.9)},
        seed=seed,
    )


def _naive_gaussian(M: Tensor, x: OneHot, targets: Tensor) -> Tensor:
    X = x.dense(M.dtype)
    XM = X @ M
    norms = (XM * X).sum(dim=1)
    K = torch.exp(-(norms[:, None] + norms - 2 * XM @ X.T) / 12.5)
    alpha = torch.linalg.solve(K, targets)
    weighted = (K @ (alpha[:, :, None] * XM[:, None, :]).flatten(1)).view(*alpha.shape, -1)
    return _naive_agop((weighted - (K @ alpha)[:, :, None] * XM[:, None, :]) / 6.25)


def _naive_quadratic(M: Tensor, x: OneHot, targets: Tensor) -> Tensor:
    X = x.dense(M.dtype)
    XM = X @ M
    t = XM @ X.T
    alpha = torch.linalg.solve(3 * t**2, targets)
    weighted = 6 * t @ (alpha[:, :, None] * XM[:, None, :]).flatten(1)
    return _naive_agop(weighted.view(*alpha.shape, -1))


def _naive_agop(jacobians: Tensor) -> Tensor:
    centred = (jacobians - jacobians.mean(dim=0)).flatten(0, 1)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(jacobians))
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def peak_gb() -> float:
    """Peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
