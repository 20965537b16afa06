"""What is true of every kind of figure: its settings are checked, its bytes are the same again."""

from dataclasses import MISSING, fields

import matplotlib as mpl
import pytest

from grokrfm.checks import GrokrfmError
from grokrfm.collect import presets
from grokrfm.collect.figures import KINDS, draw, save
from grokrfm.paths import conf_folder
from tests.collect.synthetic import curve, failed, run

SHIPPED = sorted(path.stem for path in (conf_folder() / "figure").glob("*.yaml"))
HOSTILE = [
    "<script>alert(1)</script>",
    "a\"b'c",
    r"$\alpha_{1}$ & 100% #~^\\",
    "ядро 漢字 🎉 \u202e",
    "x" * 500,
    "line\nbreak",
]
LINES = {"kind": "iterations", "value": "test_accuracy", "by": ["kernel.name"]}
EACH = [
    LINES | {"average_over": ["split.train_to_test"]},
    {"kind": "sweep", "x": "kernel.name", "value": "test_accuracy", "by": "split.train_to_test"},
    {"kind": "heatmap", "x": "split.train_to_test", "y": "kernel.name", "value": "test_accuracy"},
    {"kind": "survival", "value": "grok_iteration", "by": ["kernel.name", "split.train_to_test"]},
]
each = pytest.mark.parametrize("preset", EACH, ids=lambda preset: preset["kind"])


@pytest.fixture
def swept(study):
    return study(
        *(
            run(
                f"d{i}",
                config={"kernel": {"name": name}, "split": {"train_to_test": i}},
                history=curve(0.1, 0.9),
                metrics={"test_accuracy": 0.9, "grok_iteration": 1, "updates": 2},
            )
            for i, name in enumerate(HOSTILE)
        )
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_preset_lists_every_setting_of_its_kind(name):
    preset = presets.load("figure", name)
    assert set(preset) - {"kind"} == {field.name for field in fields(KINDS[preset["kind"]])}


def test_every_kind_has_a_preset():
    assert {presets.load("figure", name)["kind"] for name in SHIPPED} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_setting_is_refused_with_the_nearest(kind, study):
    required = [f.name for f in fields(KINDS[kind]) if f.default is MISSING]
    preset = {"kind": kind, **dict.fromkeys(required, "x"), "averge_over": []}
    with pytest.raises(GrokrfmError, match="unknown key 'averge_over'; did you mean average_over"):
        draw(study(run("d1")), preset)


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ({"kind": "iteration"}, "unknown kind 'iteration'; did you mean iterations?"),
        ({}, "unknown kind None; known are angles, heatmap"),
        ({"kind": "sweep", "value": "test_accuracy"}, "kind 'sweep': the setting x is missing"),
        (LINES | {"by": 3}, "by must be a list of names, got 3"),
        (LINES | {"where": ["seed"]}, "where must be a string, got ['seed']"),
        (EACH[1] | {"scale": "lin"}, "scale must be one of linear, log, symlog, got 'lin'"),
        (EACH[2] | {"threshold": "high"}, "threshold must be a number, got 'high'"),
        ({"kind": "matrices", "k": -1}, "k must be last or a number of updates, got -1"),
        ({"kind": "matrices", "reflections": 0}, "reflections must be split, none or a list"),
        ({"kind": "latents", "axes": 4}, "axes must be 2 or 3, got 4"),
        ({"kind": "strips", "horizons": [-1]}, "horizons must be a list of 1 to 12 numbers of"),
        ({"kind": "horizons", "value": "x", "scale": "ln"}, "must be one of linear, log, symlog"),
        ({"kind": "spectra", "k": ["first"]}, "k must be last, a number of updates, or a list"),
        ({"kind": "predictions", "tolerance": None}, "tolerance must be a number, got None"),
        (LINES | {"by": "kernel.nam"}, "no column 'kernel.nam' in these runs; did you mean"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(swept, preset, message):
    with pytest.raises(GrokrfmError) as caught:
        draw(swept, preset)
    assert message in str(caught.value)


@each
def test_the_same_runs_make_the_same_bytes_whatever_they_are_called(swept, preset, tmp_path):
    first, second = (
        [path.read_bytes() for path in save(draw(swept, preset), tmp_path / name / "a.b")]
        for name in ("once", "again")
    )
    assert first == second
    png, pdf = first
    assert png.startswith(b"\x89PNG") and b"matplotlib" not in png.lower()
    assert pdf.startswith(b"%PDF") and b"CreationDate" not in pdf
    assert sorted(path.name for path in (tmp_path / "once").iterdir()) == ["a.b.pdf", "a.b.png"]


@each
def test_the_users_own_style_changes_nothing(swept, preset, tmp_path):
    usual = save(draw(swept, preset), tmp_path / "usual")[0].read_bytes()
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "image.cmap": "jet"}):
        assert save(draw(swept, preset), tmp_path / "own")[0].read_bytes() == usual


@each
@pytest.mark.parametrize("runs", [[], [failed("d1")]], ids=["empty", "failures only"])
def test_a_study_without_a_result_says_that_there_is_nothing_to_draw(study, preset, runs):
    settings = {"x": "seed", "y": "task.name", "by": []}
    asked = preset | {name: value for name, value in settings.items() if name in preset}
    with pytest.raises(GrokrfmError, match=r"there is nothing to draw$"):
        draw(study(*runs), asked | {"average_over": []})
