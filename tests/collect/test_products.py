"""`grokrfm-collect STUDY` makes what the study names; `--check` compares it with what is there."""

import pandas as pd
import pytest

from grokrfm.text import printable
from tests.cli.command import grokrfm
from tests.collect.synthetic import curve, failed, plan, run

COMMAND = "grokrfm-collect"
ENDINGS = ["csv", "html", "md", "tex"]
HOSTILE = [
    *("a,b", 'say "x"', "50% & $x_1$", "a|b", "Größe λ", "two\nlines", "x" * 3000, "", " "),
    *("\\end{tabular}", "<script>alert(1)</script>", "=1+1", "\x1b[31m", "[/]", "NaN"),
]


def measured(digest, seed, points, accuracy, *, tables=("points",), figures=(), **rest):
    config = {
        "kernel": {"name": "gaussian", "bandwidth": 2.5},
        "split": {"name": "fixed_points", "train_to_test": points},
        "study": {"name": "demo", "tables": list(tables), "figures": list(figures)},
        "seed": seed,
        **rest.pop("config", {}),
    }
    metrics = {"test_accuracy": accuracy, "updates": 2}
    history = curve(0.0, accuracy)
    return run(digest, config=config, metrics=metrics, history=history, **rest)


RUNS = [measured("d1", 0, 0, 0.0), measured("d2", 1, 0, 0.5), measured("d3", 0, 1, 1.0)]


@pytest.fixture
def own(tmp_path):
    for kind, text in {
        "table": "rows: [split.train_to_test]\ntitle: Points\n",
        "figure": "kind: iterations\nvalue: test_accuracy\nby: [split.train_to_test]\n",
    }.items():
        (tmp_path / "own" / kind).mkdir(parents=True)
        (tmp_path / "own" / kind / "points.yaml").write_text(text, encoding="utf-8")
    return ("--config-dir", "own")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_tables_and_figures_of_a_study_are_made_and_shown(study, command, own):
    first = measured("d0", 0, 7, 1.0, figures=["points"])
    folder = study(*RUNS, first)
    done = command(COMMAND, "demo", *own)
    assert done.returncode == 0, done.stderr
    assert "0.250 [0.000, 1.000] (n=2)" in done.stdout
    assert "Points." in done.stdout
    assert list(contents(folder / "tables")) == [f"points.{ending}" for ending in ENDINGS]
    assert list(contents(folder / "figures")) == ["points.pdf", "points.png"]
    assert "table written to demo/tables/points.{md,csv,tex,html}" in done.stderr
    cells = pd.read_csv(folder / "tables" / "points.csv")
    assert cells["test_accuracy"].tolist() == [0.25, 1.0, 1.0]


def test_collecting_twice_makes_the_same_bytes(study, command, own):
    folder = study(*RUNS)
    command(COMMAND, "demo", *own)
    first = contents(folder / "tables")
    assert command(COMMAND, "demo", *own).returncode == 0
    assert contents(folder / "tables") == first


def test_check_is_silent_until_a_table_would_change(study, command, own):
    folder = study(*RUNS)
    done = command(COMMAND, "demo", "--check", *own)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"demo/tables/points.{ending}: does not exist" for ending in ("md", "csv", "tex", "html")
    ]
    assert not (folder / "tables").exists()
    command(COMMAND, "demo", *own)
    before = contents(folder / "tables")
    done = command(COMMAND, "demo", "--check", *own)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    study(measured("d4", 1, 1, 0.5))
    done = command(COMMAND, "demo", "--check", *own)
    assert done.returncode == 1
    assert "demo/tables/points.md: would change" in done.stderr
    assert "1.000 (n=1)" in done.stderr and "0.750 [0.000, 1.000] (n=2)" in done.stderr
    assert len(done.stderr.splitlines()) < 50
    assert contents(folder / "tables") == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_check_names_the_file_that_was_edited(study, command, own, ending):
    folder = study(*RUNS)
    command(COMMAND, "demo", *own)
    path = folder / "tables" / f"points.{ending}"
    path.write_bytes(path.read_bytes() + b"\xff one more line\n")
    done = command(COMMAND, "demo", "--check", *own)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "would change" in line] == [
        f"demo/tables/points.{ending}: would change"
    ]


def test_a_study_that_names_none_gets_a_table_of_what_varies(study, command):
    runs = [measured(f"d{i}", i, points, 0.5, tables=()) for i, points in enumerate([0, 0, 1])]
    quadratic = measured("q", 0, 1, 1.0, tables=(), config={"kernel": {"name": "quadratic"}})
    folder = study(*runs, quadratic)
    done = command(COMMAND, "demo")
    assert done.returncode == 0, done.stderr
    cells = pd.read_csv(folder / "tables" / "summary.csv")
    assert list(cells.columns[:2]) == ["kernel.name", "split.train_to_test"]  # no bandwidth beside
    assert cells["test_accuracy"].tolist() == [0.5, 0.5, 1.0]


def test_presets_are_picked_by_name(study, command, own):
    folder = study(*RUNS)
    done = command(COMMAND, "demo", "--table", "headline,points", *own)
    assert done.returncode == 0, done.stderr
    names = {name.partition(".")[0] for name in contents(folder / "tables")}
    assert names == {"headline", "points"}


def test_a_preset_that_does_not_fit_does_not_stop_the_others(study, command, own, tmp_path):
    bad = tmp_path / "own" / "table" / "bad.yaml"
    bad.write_text("rows: [task.nam]\n", encoding="utf-8")
    folder = study(measured("d1", 0, 0, 0.0, tables=["bad", "points"]))
    done = command(COMMAND, "demo", *own)
    assert done.returncode == 1
    assert "table bad: no column 'task.nam' in these runs" in done.stderr
    assert list(contents(folder / "tables")) == [f"points.{ending}" for ending in ENDINGS]


def test_what_is_planned_names_the_presets_and_the_missing_runs(study, command, own):
    folder = study(RUNS[0])
    plan(folder, [RUNS[0], RUNS[2]])
    command(COMMAND, "demo", *own)
    text = (folder / "tables" / "points.md").read_text(encoding="utf-8")
    assert "– (n=0 of 1: 1 missing)" in text
    assert "N = 1 of 2 runs (1 missing)." in text


def test_several_studies_are_one_table_in_the_first(study, command, own):
    first, second = study(RUNS[0], name="first"), study(RUNS[1], RUNS[2], name="second")
    assert command(COMMAND, "first", "second", *own).returncode == 0
    assert "0.250 [0.000, 1.000] (n=2)" in (first / "tables" / "points.md").read_text(
        encoding="utf-8"
    )
    assert not (second / "tables").exists()


@pytest.mark.parametrize("values", [HOSTILE, HOSTILE[::-1]], ids=["forward", "backward"])
def test_hostile_values_of_settings_make_sensible_tables(study, command, own, values, tmp_path):
    (tmp_path / "own" / "table" / "points.yaml").write_text(
        "rows: [task.name]\ncolumns: [task.note]\n", encoding="utf-8"
    )
    runs = [
        measured(f"d{i}", 0, 0, 0.5, config={"task": {"name": value, "note": value[:3]}})
        for i, value in enumerate(values)
    ]
    folder = study(*runs)
    done = command(COMMAND, "demo", *own)
    assert done.returncode == 0, done.stderr
    cells = pd.read_csv(folder / "tables" / "points.csv", keep_default_na=False)
    written = {value.removeprefix("'") for value in cells["task.name"]}
    assert written == {printable(value) for value in HOSTILE}
    assert "<script>" not in (folder / "tables" / "points.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        ([failed("d1"), failed("d2")], "– (n=0 of 2: 2 failed)"),
        ([run("d1", metrics={"test_accuracy": 0.5})], "0.500 (n=1)"),
        ([run("d1", metrics={"test_accuracy": None})], "– (n=0 of 1)"),
        ([run("d1", status=None)], "– (n=0 of 1: 1 missing)"),
    ],
    ids=["failures only", "one run", "not a number", "running"],
)
def test_a_study_without_numbers_has_a_table_too(study, command, runs, shown):
    folder = study(*runs)
    done = command(COMMAND, "demo")
    assert done.returncode == 0, done.stderr
    assert shown in (folder / "tables" / "summary.md").read_text(encoding="utf-8")


def test_an_empty_study_is_said(study, command):
    study()
    done = command(COMMAND, "demo")
    assert done.returncode == 1
    assert done.stderr == "table summary: there are no runs yet\n"


@pytest.mark.parametrize("name", ["grokrfm-collect", "grokrfm-status", "grokrfm-report"])
def test_a_study_of_another_schema_gets_one_clear_message(study, command, name):
    provenance = {key: value for key, value in RUNS[0]["provenance"].items() if key != "schema"}
    study(*({**run, "provenance": provenance} for run in RUNS))
    done = command(name, "demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "demo: another version of grokrfm wrote this study (schema 1, this version reads 2);"
        " compute it again under another study name"
    )


def test_studies_with_different_columns_are_one_table(study, command, own):
    other = {"task": {"name": "cayley", "group": "S3"}, "rfm": {"new_setting": 3}}
    study(RUNS[0], name="first")
    study(measured("e1", 0, 5, 1.0, config=other), name="second")
    done = command(COMMAND, "first", "second", "--rows", "task.name,split.train_to_test")
    assert done.returncode == 0, done.stderr
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()[2:4]] == ["cayley", "–"]


def test_a_folder_that_cannot_be_written_is_named(study, command, own):
    folder = study(*RUNS)
    (folder / "tables").write_text("a file", encoding="utf-8")
    done = command(COMMAND, "demo", *own)
    assert done.returncode == 1
    assert "demo/tables" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_study_of_conf_is_collected_without_options(tmp_path, command):
    """The names of the presets are in the records; conf/study is not read again."""
    small = ("task.modulus=5", "rfm.iterations=2", "hardware.threads=1", "seed=0,1")
    done = grokrfm(tmp_path, "study=fixed_points_addition_gaussian", *small)
    assert done.returncode == 0, done.stdout + done.stderr
    study = tmp_path / "outputs" / "fixed_points_addition_gaussian"
    done = command(COMMAND, str(study))
    assert done.returncode == 0, done.stderr
    cells = pd.read_csv(study / "tables" / "headline.csv")
    assert cells["split.train_to_test"].tolist() == [0, 1]
    assert cells["test_accuracy_n"].tolist() == [1, 2]  # nothing is random if no point moves
    assert cells["deterministic"].tolist() == [True, False]
    table = (study / "tables" / "headline.md").read_text(encoding="utf-8")
    assert "| 0                              | 0.000 (deterministic)" in table
    assert (study / "figures" / "accuracy_by_points.pdf").exists()


def test_the_notation_of_numbers_holds_for_the_tables_of_presets(study, command, own):
    folder = study(*RUNS)
    done = command(COMMAND, "demo", *own, "--percent", "--no-n")
    assert done.returncode == 0, done.stderr
    text = (folder / "tables" / "points.md").read_text(encoding="utf-8")
    assert "test accuracy (%)" in text and "| 25.0 [0.0, 100.0]" in text
    assert "(n=" not in text and "n = 1 to 2 per cell" in text
    assert command(COMMAND, "demo", "--check", *own, "--percent", "--no-n").returncode == 0
    assert command(COMMAND, "demo", "--check", *own).returncode == 1
