import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.collect.synthetic import curve, failed, run

COMMAND = "grokrfm-collect"


def measured(digest, bandwidth, accuracy, **rest):
    config = {"kernel": {"name": "gaussian", "bandwidth": bandwidth}, "task": {"name": "add_it"}}
    metrics = {"test_accuracy": accuracy, "test_loss": 2.0}
    return run(digest, config=config, metrics=metrics, history=curve(0.0, accuracy), **rest)


@pytest.fixture
def demo(study):
    """The study `demo` in the folder where `command` runs: four finished runs and a failed one."""
    study(
        measured("d1", 1.0, 0.25),
        measured("d2", 1.0, 0.25),
        measured("d3", 2.5, 1.0),
        measured("d4", 2.5, 1.0),
        failed("d5", config={"kernel": {"name": "gaussian", "bandwidth": 2.5}}),
    )


def columns_of(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.usefixtures("demo")
def test_a_markdown_table_of_rows_columns_and_several_values(command):
    done = command(
        *(COMMAND, "demo", "--rows", "kernel.bandwidth"),
        *("--value", "test_accuracy", "--value", "test_loss,seconds"),
    )
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert columns_of(lines[0]) == ["kernel.bandwidth", "test_accuracy", "test_loss", "seconds"]
    assert columns_of(lines[2]) == [
        *("1", "0.250 ± 0.000 (n=2)", "2.000 ± 0.000 (n=2)", "40.0 ± 0.000 (n=2)")
    ]
    assert columns_of(lines[3])[:2] == ["2.5", "1.000 ± 0.000 (n=2 of 3)"]
    assert len(lines) == 4
    assert done.stderr == "note: 1 of 5 runs are failed and count towards no mean\n"


@pytest.mark.usefixtures("demo")
def test_columns_spread_a_setting_over_the_table(command):
    done = command(COMMAND, "demo", "--rows", "task.name", "--columns", "kernel.bandwidth")
    header = columns_of(done.stdout.splitlines()[0])
    levels = ["test_accuracy, kernel.bandwidth=1", "test_accuracy, kernel.bandwidth=2.5"]
    assert header == ["task.name", *levels]


@pytest.mark.usefixtures("demo")
def test_what_is_averaged_over_is_noted_beside_the_table(command):
    done = command(COMMAND, "demo")
    assert "averaged over kernel.bandwidth (1, 2.5); give it in --rows or" in done.stderr
    assert "averaged" not in done.stdout
    assert "0.625" in done.stdout


@pytest.mark.usefixtures("demo")
def test_csv_is_for_programs(command):
    done = command(COMMAND, "demo", "--rows", "kernel.bandwidth", "--format", "csv")
    cells = pd.read_csv(io.StringIO(done.stdout)).set_index("kernel.bandwidth")
    assert cells["test_accuracy"].to_dict() == {1.0: 0.25, 2.5: 1.0}
    assert cells["runs"].to_dict() == {1.0: 2, 2.5: 3}


@pytest.mark.usefixtures("demo")
def test_latex_is_escaped(command):
    done = command(COMMAND, "demo", "--rows", "task.name", "--format", "latex")
    assert done.returncode == 0
    assert r"task.name & test\_accuracy \\" in done.stdout
    assert r"add\_it & 0.625 $\pm$ " in done.stdout


def test_several_studies_are_merged(command, study):
    study(measured("d1", 1.0, 0.0), name="first")
    study(measured("d2", 1.0, 1.0), name="second")
    assert "0.500 ± 6.353 (n=2)" in command(COMMAND, "first", "second").stdout


@pytest.mark.usefixtures("demo")
def test_figures_are_written_beside_the_study(command, tmp_path):
    done = command(
        *(COMMAND, "demo", "--rows", "kernel.bandwidth", "--figure", "test_accuracy,seconds")
    )
    assert done.returncode == 0
    assert done.stdout.startswith("| kernel.bandwidth")
    written = sorted((tmp_path / "demo" / "figures").iterdir())
    names = [f"{value}.{kind}" for value in ("seconds", "test_accuracy") for kind in ("pdf", "png")]
    assert [path.name for path in written] == names
    assert all(path.stat().st_size > 1000 for path in written)
    assert done.stderr.count("figure written to demo/figures/") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["."], "it contains the studies demo"),
        (["demo", "--rows", "taskname"], "no column 'taskname' in these runs; did you mean"),
        (["demo", "--columns", "qqqq"], "no column 'qqqq' in these runs; known are"),
        (["demo", "--value", "test_acuracy"], "did you mean test_accuracy?"),
        (["demo", "--value", "task.name"], "'task.name' is not numeric, it cannot be averaged"),
        (["demo", "--figure", "qqqq"], "no column 'qqqq' in these runs; known are"),
        (["demo", "--figure", "solver"], "'solver' is not numeric, it cannot be averaged"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
@pytest.mark.usefixtures("demo")
def test_a_mistake_is_answered_in_a_line_with_exit_code_1(command, arguments, message):
    done = command(COMMAND, *arguments)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith("note:")]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: STUDY"),
        (["demo", "--format", "html"], "'html' (choose from"),
        (["demo", "--rows"], "--rows: expected one argument"),
        (["demo", "--group", "task.name"], "unrecognized arguments: --group task.name"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_command_line_that_cannot_be_read_is_exit_code_2(command, arguments, message):
    done = command(COMMAND, *arguments)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help_lists_every_option(command):
    text = command(COMMAND, "--help").stdout
    for option in ("--rows", "--columns", "--value", "--figure", "--format", "95 %"):
        assert option in text


@pytest.mark.usefixtures("demo")
def test_a_figures_folder_that_cannot_be_made_is_named(command, tmp_path):
    (tmp_path / "demo" / "figures").write_text("a file", encoding="utf-8")
    done = command(COMMAND, "demo", "--figure", "test_accuracy")
    assert done.returncode == 1
    assert "demo/figures" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("demo")
def test_a_reader_that_has_left_is_no_mistake(tmp_path):
    """As in `grokrfm-collect demo | head -0`."""
    reading, writing = os.pipe()
    os.close(reading)
    script = Path(sys.executable).with_name(COMMAND)
    arguments = [script, "demo", "--rows", "kernel.bandwidth,task.name"]
    try:
        done = subprocess.run(
            arguments, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, check=False
        )
    finally:
        os.close(writing)
    assert b"Broken pipe" not in done.stderr
