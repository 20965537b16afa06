"""The steps of docs/proof.md, measured: addition mod n without the fixed points of the swap."""

import numpy as np
import pytest

from grokrfm import Experiment, preset


def trapped(n, kernel, iterations=6):
    experiment = Experiment(
        task=preset("task", "addition", modulus=n),
        split=preset("split", "fixed_points", reflections=[0]),
        kernel=preset("kernel", kernel),
        rfm=preset("rfm", "default", iterations=iterations),
        start=preset("start", "identity"),
        probe={},
        seed=0,
    )
    return [step for step, _ in experiment.measured()]


def defect(M, n, rng):
    """Distance of M from commuting with a permutation of the elements in both operands."""
    order = rng.permutation(n)
    both = np.concatenate([order, n + order])
    return np.linalg.norm(M[np.ix_(both, both)] - M) / np.linalg.norm(M)


@pytest.mark.parametrize("kernel", ["gaussian", "laplace", "quadratic", "general_quadratic"])
def test_for_odd_n_every_m_commutes_with_all_permutations_and_wrong_classes_score_the_same(kernel):
    rng = np.random.default_rng(0)
    for n in (9, 13, 15):
        for step in trapped(n, kernel):
            assert defect(step.M.numpy(), n, rng) < 1e-7
            outputs = step.test_outputs.numpy()
            of_true = outputs[np.arange(n), 2 * np.arange(n) % n]
            wrong = outputs[np.arange(n)[:, None] * 2 % n != np.arange(n)]
            scale = abs(outputs).max()
            assert np.ptp(of_true) < 1e-6 * scale
            assert np.ptp(wrong) < 1e-6 * scale


def test_for_even_n_the_parity_of_a_class_remains():
    step = trapped(10, "gaussian", iterations=14)[-1]
    assert defect(step.M.numpy(), 10, np.random.default_rng(0)) > 1e-4
    at_0 = step.test_outputs.numpy()[0]
    assert at_0[1::2].min() - at_0[::2].max() > 1e-3


def test_after_one_update_two_numbers_are_all_of_a_radial_m():
    n = 15
    constant = np.kron(np.eye(2), np.ones((n, 1)))
    for step in trapped(n, "laplace")[1:]:
        assert abs(step.M.numpy() @ constant).max() < 1e-7
