import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from grokrfm.collect.statistics import NAMES
from tests.collect.synthetic import curve, failed, run

COMMAND = "grokrfm-collect"
ANY = ("--average-over", "kernel.bandwidth")


def measured(digest, bandwidth, accuracy, **rest):
    config = {
        "kernel": {"name": "gaussian", "bandwidth": bandwidth},
        "task": {"name": "add_it"},
        "seed": 0,
    }
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
    assert columns_of(lines[0]) == [
        *("bandwidth of the kernel", "test accuracy", "test loss", "seconds")
    ]
    assert columns_of(lines[2]) == [
        *("1", "0.250 ± 0.000 (n=2)", "2.000 ± 0.000 (n=2)", "40.0 ± 0.000 (n=2)")
    ]
    assert columns_of(lines[3])[:2] == ["2.5", "1.000 ± 0.000 (n=2 of 3: 1 failed)"]
    assert "N = 4 of 5 runs (1 failed)." in lines[5]
    assert len(lines) == 6
    assert done.stderr == ""


@pytest.mark.usefixtures("demo")
def test_columns_spread_a_setting_over_the_table(command):
    done = command(COMMAND, "demo", "--rows", "task.name", "--columns", "kernel.bandwidth")
    header = columns_of(done.stdout.splitlines()[0])
    levels = [f"test accuracy, bandwidth of the kernel={level}" for level in (1, 2.5)]
    assert header == ["operation", *levels]


@pytest.mark.usefixtures("demo")
def test_an_average_over_a_setting_is_refused_unless_it_is_allowed(command):
    done = command(COMMAND, "demo", "--rows", "task.name")
    assert done.returncode == 1
    assert "kernel.bandwidth is 1.0 and 2.5" in done.stderr
    assert done.stdout == ""
    done = command(COMMAND, "demo", "--rows", "kernel.name", "--average-over", "kernel.bandwidth")
    assert "0.625" in done.stdout
    assert "averaged over bandwidth of the kernel" in done.stdout.lower()


@pytest.mark.usefixtures("demo")
def test_a_condition_picks_the_runs(command):
    condition = "kernel.bandwidth <= 2 and task.name == 'add_it'"
    done = command(COMMAND, "demo", "--where", condition)
    assert columns_of(done.stdout.splitlines()[2]) == ["0.250 ± 0.000 (n=2)"]


@pytest.mark.usefixtures("demo")
def test_csv_is_for_programs(command):
    done = command(COMMAND, "demo", "--rows", "kernel.bandwidth", "--format", "csv")
    cells = pd.read_csv(io.StringIO(done.stdout)).set_index("kernel.bandwidth")
    assert cells["test_accuracy"].to_dict() == {1.0: 0.25, 2.5: 1.0}
    assert cells["planned"].to_dict() == {1.0: 2, 2.5: 3}


@pytest.mark.usefixtures("demo")
def test_latex_is_escaped(command):
    done = command(COMMAND, "demo", "--rows", "task.name", "--format", "latex", *ANY)
    assert done.returncode == 0
    assert r"operation & \multicolumn{2}{c}{test accuracy} \\" in done.stdout
    assert r"add\_it & 0.625 & {[}\num{" in done.stdout


def test_several_studies_are_merged(command, study):
    study(measured("d1", 1.0, 0.0), name="first")
    study(measured("d2", 1.0, 1.0), name="second")
    assert "0.500 ± 0.500 (n=2)" in command(COMMAND, "first", "second").stdout


@pytest.mark.usefixtures("demo")
def test_figures_are_written_beside_the_study(command, tmp_path):
    done = command(
        *(COMMAND, "demo", "--rows", "kernel.bandwidth", "--figure", "test_accuracy,seconds")
    )
    assert done.returncode == 0
    assert done.stdout.startswith("| bandwidth of the kernel")
    written = sorted((tmp_path / "demo" / "figures").iterdir())
    stems = [f"iterations-{v}-hue-kernel.bandwidth" for v in ("seconds", "test_accuracy")]
    assert [path.name for path in written] == [f"{s}.{k}" for s in stems for k in ("pdf", "png")]
    assert all(path.stat().st_size > 1000 for path in written)
    assert done.stderr.count("figure written to demo/figures/") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["."], "it contains the studies demo"),
        (["demo", "--rows", "taskname"], "no column 'taskname' in these runs; did you mean"),
        (["demo", "--columns", "qqqq"], "no column 'qqqq' in these runs; known are"),
        (["demo", "--average-over", "kernel.bandwith"], "did you mean kernel.bandwidth?"),
        (["demo", "--where", "kernel.bandwith > 1"], "did you mean kernel.bandwidth?"),
        (["demo", "--where", "kernel.bandwidth >"], "cannot be read; compare columns with values"),
        (
            ["demo", "--where", "(seed).__init__.__globals__['os'].system('x') == 0"],
            "cannot be read",
        ),
        (["demo", "--where", "9**9**9**9 == seed"], "an exponent must be written as a number"),
        (["demo", "--where", "kernel.name == gausian"], "needs quotes, did you mean 'gaussian'?"),
        (["demo", "--value", "seconds:meen"], "unknown statistic 'meen'; did you mean mean?"),
        (["demo", "--statistic", "share"], "needs a threshold or a text; share=0.9"),
        (["demo", "--paired", "kernel.name"], "must be SETTING=FIRST,SECOND"),
        (
            ["demo", "--format", "parquet", *ANY],
            "parquet is binary; write it to a file with --output",
        ),
        (["demo", "--rows", "seed", "--check"], "--check and --table apply to presets"),
        (["demo", "--table", "headlin"], "no such file in"),
        (["demo", "--value", "test_acuracy"], "did you mean test_accuracy?"),
        (
            ["demo", "--value", "task.name:median"],
            "'task.name' is not numeric and cannot be averaged",
        ),
        (["demo", "--figure", "qqqq", *ANY], "no column 'qqqq' in these runs; known are"),
        (["demo", "--figure", "solver", *ANY], "'solver' is not numeric and cannot be averaged"),
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
        (["demo", "--format", "word"], "'word' (choose from"),
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
    for option in (
        *("--rows", "--columns", "--value", "--figure", "--format", "--where", "--paired"),
        *("--statistic", "--average-over", "--output", "--table", "--config-dir", "--check"),
        *(f"\n  {name} " for name in NAMES if "=" not in name),
        *("share=0.9", "95 %"),
    ):
        assert option in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.usefixtures("demo")
def test_a_figures_folder_that_cannot_be_made_is_named(command, tmp_path):
    (tmp_path / "demo" / "figures").write_text("a file", encoding="utf-8")
    done = command(COMMAND, "demo", "--figure", "test_accuracy", *ANY)
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


@pytest.mark.usefixtures("demo")
def test_a_table_goes_into_a_file(command, tmp_path):
    done = command(COMMAND, "demo", "--rows", "kernel.bandwidth", "--output", "new/table.md")
    assert (done.returncode, done.stdout) == (0, "")
    text = (tmp_path / "new" / "table.md").read_text(encoding="utf-8")
    assert text == command(COMMAND, "demo", "--rows", "kernel.bandwidth").stdout


@pytest.mark.usefixtures("demo")
def test_the_table_for_the_terminal(command):
    text = command(COMMAND, "demo", "--rows", "kernel.bandwidth", "--format", "terminal").stdout
    assert "1.000 ± 0.000 (n=2 of 3: 1 failed)" in text


@pytest.mark.usefixtures("demo")
def test_paired_differences(command, study):
    pair = [measured("e1", 1.0, 0.25), measured("e2", 2.5, 0.75)]
    study(*pair, name="two")
    done = command(COMMAND, "two", "--paired", "kernel.bandwidth=2.5,1.0")
    assert columns_of(done.stdout.splitlines()[2]) == ["0.500 (n=1)"]
    assert "Differences 2.5 − 1.0 of bandwidth of the kernel, over equal seeds" in done.stdout
