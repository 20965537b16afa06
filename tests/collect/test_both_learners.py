"""A study that holds runs of both learners: status, tables, frames and the report."""

import numpy as np
import pytest
from matplotlib.text import Text

from grokrfm import collect
from grokrfm.collect.figures import Data, draw
from grokrfm.collect.figures.data import side_by_side
from grokrfm.collect.presets import load
from grokrfm.collect.report.products import plain_figures
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
    assert "| gridworld     | –           |" in table and "| –             | addition    |" in table
    assert "1 not_fitted (n=1)" in output(
        "grokrfm-collect",
        "--rows",
        "env.name",
        "--value",
        "verdict",
        "--where",
        "env.name == 'gridworld'",
    )
    output("grokrfm-collect")  # a table of what varies, with verdicts
    output("grokrfm-report")
    assert r"4 \u00d7 4 \u00d7 4" in (folder / "outputs/both/report.html").read_text(
        encoding="utf-8"
    )


def test_both_have_the_same_score_in_one_frame(folder):
    runs = collect.runs(folder / "outputs" / "both")
    for number in ("seen_accuracy", "feature_invariance", "order_residual", "verdict"):
        assert runs[number].notna().all(), number
    assert set(runs["verdict"]) <= {"recovered", "cover", "fits", "not_fitted"}


def test_the_report_shows_what_the_arrays_of_each_hold(folder):
    data = Data(folder / "outputs" / "both")
    presets = plain_figures(data, ["env.name"])
    assert list(presets) == ["numbers", "horizons", "angles", "latents", "strips", "products"]
    for preset in presets.values():
        draw(data, preset)
    for name in ("features", "spectra", "predictions"):
        figure = draw(data, {**load("figure", name), "by": ["env.name"]})
        written = [text.get_text() for text in figure.findobj(Text)]
        assert not any("gridworld" in text for text in written)  # the other learner's alone


def test_products_of_a_training_are_those_of_its_matrices(folder):
    data = Data(folder / "outputs" / "both")
    [digest] = data.runs.loc[data.runs["env.name"] == "gridworld", "digest"]
    kept = data.predictions(digest, ["true_products", "learned_products", "matrices", "orders"])
    assert kept["orders"].tolist() == [3, 3, 3, 3]
    assert kept["true_products"].shape == kept["learned_products"].shape == (9, 9)
    np.testing.assert_array_equal(kept["learned_products"][0], range(9))  # the identity first
    cosines = np.cos(2 * np.pi * kept["eigen_angles"]).sum(axis=1)
    np.testing.assert_allclose(2 * cosines, np.trace(kept["matrices"], axis1=1, axis2=2))


def test_matrices_of_several_actions_stand_side_by_side():
    M = np.arange(8.0).reshape(2, 2, 2)
    expected = [[0, 1, np.nan, 4, 5], [2, 3, np.nan, 6, 7]]
    np.testing.assert_array_equal(side_by_side(M), expected)
    np.testing.assert_array_equal(side_by_side(M[0]), M[0])
