"""What collect reads of runs that the command `grokrfm` made."""

import subprocess
import sys

import numpy as np
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm

ITERATIONS = 3
RUN = ["task.modulus=5", "split.train_fraction=0.7", f"rfm.iterations={ITERATIONS}"]
KEPT = {"all": [0, 1, 2, 3], "last": [3], "[2,0]": [0, 2]}


@pytest.fixture(scope="module")
def matrices(tmp_path_factory):
    """Each choice of save.features -> the matrices of one and the same run, {k: M_k}."""
    read = {}
    for number, choice in enumerate(KEPT):
        folder = tmp_path_factory.mktemp(f"choice{number}")
        done = grokrfm(folder, *RUN, f"save.features={choice}", "study=demo")
        assert done.returncode == 0, done.stderr
        [digest] = collect.runs(folder / "outputs" / "demo")["digest"]
        read[choice] = collect.features(folder / "outputs" / "demo", digest)
    return read


@pytest.mark.parametrize("choice", KEPT)
def test_what_was_asked_for_is_kept(matrices, choice):
    assert list(matrices[choice]) == KEPT[choice]


@pytest.mark.parametrize("choice", ["last", "[2,0]"])
def test_a_matrix_is_the_same_whichever_others_are_kept(matrices, choice):
    for k, M in matrices[choice].items():
        np.testing.assert_array_equal(M, matrices["all"][k])


def test_matrices_begin_with_the_starting_one_and_change(matrices):
    width = 2 * 5  # two one-hot operands
    every = matrices["all"]
    np.testing.assert_array_equal(every[0], np.eye(width))
    for k in range(ITERATIONS):
        assert every[k + 1].shape == (width, width)
        assert np.abs(every[k + 1] - every[k]).max() > 1e-3
        np.testing.assert_allclose(every[k + 1], every[k + 1].T, atol=1e-12)


@pytest.mark.parametrize("module", ["grokrfm.collect", "grokrfm.status"])
def test_reading_a_study_imports_no_torch(module):
    """A table of 5,000 runs starts in under a second; torch alone takes longer."""
    code = f"import sys, {module}; print('torch' in sys.modules, 'hydra' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
