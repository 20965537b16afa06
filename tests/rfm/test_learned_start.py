"""Runs from a learned M₀ compared with a naive reference on the same pairs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grokrfm.algebra import fixed_points
from grokrfm.kernels import Gaussian
from grokrfm.probes import OrbitPrediction
from grokrfm.rfm import Reflection
from grokrfm.tasks import addition, subtraction
from tests.settings import experiment
from tests.settings import machine as machine_of

BANDWIDTH = 2.5
RECORD = Path(__file__).parents[2] / "docs" / "records" / "learned_starts.csv"


def one_hot(task, rows):
    X = np.zeros((len(rows), task.width))
    for column, operand in enumerate(task.pairs[rows].T):
        X[np.arange(len(rows)), column * task.order + operand] = 1
    return X


def naive(task, train, test, M, iterations, ridge):
    """Correct test rows at every iteration, and the last M; a root by SVD, as in the papers."""
    X, Z, Y = one_hot(task, train), one_hot(task, test), np.eye(task.classes)[task.labels[train]]

    def gram(A, B):
        own = [np.einsum("id,id->i", P @ M, P) for P in (A, B)]
        squared = own[0][:, None] + own[1] - 2 * A @ M @ B.T
        return np.exp(-squared.clip(min=0) / (2 * BANDWIDTH**2))

    correct = []
    for _ in range(iterations):
        K = gram(X, X)
        alpha = np.linalg.solve(K + ridge * np.eye(len(X)), Y)
        correct.append((gram(Z, X) @ alpha).argmax(axis=1) == task.labels[test])
        XM = X @ M
        J = np.einsum("ij,ic,id->jcd", K, alpha, XM, optimize=True)
        J -= np.einsum("ij,ic,jd->jcd", K, alpha, XM, optimize=True)
        J = (J - J.mean(axis=0)).reshape(-1, task.width) / BANDWIDTH**2
        U, S, V = np.linalg.svd(J.T @ J / len(X))
        M = U * np.sqrt(S) @ V
    return correct, M


def outcomes(task, elements, seeds):
    """Is the final orbit precision 1, here and in the reference? One row per element and seed."""
    for k in elements:
        mirror = task.row_permutation(task.reflection(k))
        held_out = fixed_points(mirror)
        train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        _, M = naive(task, train, test, np.eye(task.width), 50, 1e-8)
        for seed in seeds:
            made = experiment(
                task=task,
                start=Reflection(k, Gaussian(BANDWIDTH), iterations=50, least_ridge=1e-5),
                rfm=machine_of(60, 1e-8),
                probe={"orbit": OrbitPrediction(None)},
                seed=seed,
            )
            *_, (_, numbers) = made.measured()
            correct, _ = naive(task, made.split.train, made.split.test, M, made.iterations, 1e-5)
            orbit = np.isin(made.split.test, mirror[made.split.train])
            here, reference = numbers["orbit_precision"] == 1, bool(correct[-1][orbit].all())
            yield {"task": task.title, "k": k, "seed": seed, "here": here, "reference": reference}


@pytest.mark.slow
@pytest.mark.parametrize("task", [addition(19), subtraction(19)], ids=lambda task: task.title)
def test_a_learned_start_ends_as_the_reference_does_on_the_same_pairs(task):
    """At a ridge of 1e-8 they end alike in 6 or 7 of 10, and the reference itself, with its rows in
    another order, in 9."""
    found = list(outcomes(task, range(0, 15, 3), (10, 11)))
    assert sum(one["here"] == one["reference"] for one in found) >= 9


def test_the_recorded_runs_end_as_the_reference_does():
    """Runs of `python -m tests.rfm.test_learned_start`."""
    recorded = pd.read_csv(RECORD)
    assert len(recorded) >= 100
    assert (recorded["here"] == recorded["reference"]).mean() >= 0.95


def main():
    """Compare 100 runs and write the record; half an hour."""
    found = [
        one
        for task in (addition(23), subtraction(23))
        for one in outcomes(task, range(1, 11, 2), range(10))
    ]
    pd.DataFrame(found).to_csv(RECORD, index=False)


if __name__ == "__main__":
    main()
