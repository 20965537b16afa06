"""Numbers of the papers' code and of SCIENCE, through the command line and `collect`.

The reference files are not part of this repository: they are read from the folder that
GROKRFM_GOLDEN names, or from ../shared/golden beside the checkout. Their README states how they
were made (reference code, float64, ridge 0) and the tolerances used below.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect

ROOT = Path(__file__).parents[2]
GOLDEN = Path(os.environ.get("GROKRFM_GOLDEN", ROOT.parent / "shared" / "golden"))
GROKRFM = Path(sys.executable).with_name("grokrfm")

CASES = {
    "addition29_gaussian_fixed0": ["task.modulus=29", "split=fixed_points", "rfm.iterations=25"],
    "abelian2x2x5_gaussian_fixed103": [
        "task=abelian",
        "task.sizes=[2,2,5]",
        "split=fixed_points",
        "split.reflections=[[1,0,3]]",
        "rfm.iterations=50",
    ],
    "addition29_gaussian_uniform": ["task.modulus=29", "split=listed", "rfm.iterations=50"],
    "addition31_gaussian_moved1": ["task.modulus=31", "split=listed", "rfm.iterations=50"],
    "addition31_gaussian_moved5": ["task.modulus=31", "split=listed", "rfm.iterations=50"],
    "addition31_quadratic_moved50": [
        "task.modulus=31",
        "kernel=quadratic",
        "split=listed",
        "rfm.iterations=50",
    ],
}

with_reference = pytest.mark.skipif(
    not GOLDEN.is_dir(),
    reason="the reference numbers are not here; GROKRFM_GOLDEN names their folder",
)


def run(folder: Path, *overrides: str) -> Path:
    command = [GROKRFM, *overrides, "study=golden", "hardware.threads=1", f"outputs={folder}"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    return folder / "golden"


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """The stem of a case, its reference steps, and the study that reproduces it."""
    if not GOLDEN.is_dir():
        pytest.skip("no reference numbers")
    stem = request.param
    listed = GOLDEN / f"{stem}.train.csv"
    overrides = [*CASES[stem], "rfm.ridge=0", "save.features=[1,5,25]"]
    if stem.endswith(("fixed103", "uniform")):
        overrides[-1] = "save.features=[1,5,25,50]"
    if listed.exists():
        overrides.append(f"split.path={listed}")
    study = run(tmp_path_factory.mktemp(stem), *overrides)
    return stem, pd.read_csv(GOLDEN / f"{stem}.steps.csv"), study


@with_reference
def test_every_iteration_is_there_and_the_training_set_is_learned(case):
    _, reference, study = case
    steps = collect.steps(study)
    assert steps["iteration"].tolist() == reference["iteration"].tolist()
    assert (steps["train_accuracy"] == 1).all()
    assert (steps["train_loss"] < 1e-9).all()


@with_reference
def test_the_test_loss_agrees(case):
    stem, reference, study = case
    tolerance, until = (1e-5, 25) if "quadratic" in stem else (1e-6, 50)
    ours = collect.steps(study)["test_loss"].to_numpy()[: until + 1]
    np.testing.assert_allclose(ours, reference["test_loss"][: until + 1], rtol=tolerance)


@with_reference
def test_the_test_accuracy_agrees(case):
    stem, reference, study = case
    steps, n_test = collect.steps(study), collect.runs(study)["n_test"][0]
    off_by = ((steps["test_accuracy"] - reference["test_accuracy"]) * n_test).abs().round()
    if stem.endswith("fixed0"):  # all classes tie from iteration 13 on: only clear leads count
        assert (steps["test_accuracy"][:13] == 0).all()
        assert (steps["test_accuracy_strict"] == 0).all()
    elif stem.endswith("fixed103"):
        assert (steps["test_accuracy"] == 0).all()
    elif "quadratic" in stem:
        assert (off_by[:41] == 0).all()
        assert (off_by <= 3).all()
    else:
        assert (off_by <= ("moved" in stem)).all()


@with_reference
def test_the_feature_matrices_agree(case):
    stem, _, study = case
    path = GOLDEN / f"{stem}.M.npz"
    if not path.exists():
        return
    digest = collect.runs(study)["digest"][0]
    ours = collect.features(study, digest)
    with np.load(path) as reference:
        for name in reference.files:
            k, theirs = int(name.removeprefix("after_")), reference[name]
            assert relative_error(ours[k], theirs) < 1e-6
            if k <= 5:
                assert relative_error(ours[k] @ ours[k], theirs @ theirs) < 1e-10


def test_on_the_degenerate_split_every_class_scores_the_same(tmp_path):
    """SCIENCE §8: p = 29, all scores at the held-out points tend to 0.0402926."""
    study = run(
        tmp_path, "task.modulus=29", "split=fixed_points", "rfm.ridge=0", "rfm.iterations=30"
    )
    runs = collect.runs(study)
    loss = ((1 - 0.0402926) ** 2 + 28 * 0.0402926**2) / 29
    assert runs["test_loss"][0] == pytest.approx(loss, rel=1e-6)
    assert runs["undecided"][0] == 1
    assert runs["test_accuracy_strict"][0] == 0


def test_one_moved_point_brings_26_of_31_fixed_points(tmp_path):
    """SCIENCE §8: p = 31, for every choice of the point; the median lead is 1e-4."""
    moved = ["task.modulus=31", "split=fixed_points", "split.train_to_test=1", "rfm.ridge=0"]
    runs = collect.runs(run(tmp_path, *moved, "seed=0", "rfm.iterations=60"))
    assert runs["n_test"][0] == 32
    assert runs["test_accuracy_fixed"][0] == pytest.approx(26 / 31)
    assert 3e-5 < runs["margin_median"][0] < 3e-4


def relative_error(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
