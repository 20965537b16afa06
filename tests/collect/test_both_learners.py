"""A study that holds runs of both learners: status, tables, frames and the report."""

import numpy as np
import pytest

from grokrfm import collect
from grokrfm.collect.figures.data import side_by_side
from tests.cli.command import BIN, finished

DYNAMICS = ["--config-name", "dynamics", "env.size=3", "train.updates=20", "hardware.threads=1"]
SAVED = ["save.features=last", "save.predictions=last", "study=both"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    probes = "probe=[accuracy,loss,margin,grok,recovery]"
    for run in ([*DYNAMICS, *SAVED], ["task.modulus=5", "rfm.iterations=3", probes, *SAVED]):
        finished(folder, [BIN / "grokrfm", *run], {})
    return folder


def test_each_command_shows_both(folder):
    def output(name, *arguments):
        done = finished(folder, [BIN / name, "outputs/both", *arguments], {})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert output("grokrfm-status").strip() == "outputs/both: 2 finished"
    table = output("grokrfm-collect", "--rows", "env.name,task.name", "--value", "seen_accuracy")
    assert "| gridworld  | –           |" in table and "| –          | addition    |" in table
    output("grokrfm-report")
    assert r"4 \u00d7 4 \u00d7 4" in (folder / "outputs/both/report.html").read_text(
        encoding="utf-8"
    )


def test_both_have_the_same_score_in_one_frame(folder):
    runs = collect.runs(folder / "outputs" / "both")
    for number in ("seen_accuracy", "feature_invariance", "order_residual", "verdict"):
        assert runs[number].notna().all(), number
    assert set(runs["verdict"]) <= {"recovered", "cover", "fits", "not_fitted"}


def test_matrices_of_several_actions_stand_side_by_side():
    M = np.arange(8.0).reshape(2, 2, 2)
    expected = [[0, 1, np.nan, 4, 5], [2, 3, np.nan, 6, 7]]
    np.testing.assert_array_equal(side_by_side(M), expected)
    np.testing.assert_array_equal(side_by_side(M[0]), M[0])
