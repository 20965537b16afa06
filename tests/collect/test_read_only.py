"""Status and tables of a study on a read-only file system."""

import sys
from pathlib import Path

import pytest

from tests.collect.synthetic import curve, plan, run

BIN = Path(sys.executable).parent


@pytest.fixture
def folder(study):
    """A study with a finished run, one that may still run elsewhere, and a planned one."""
    runs = [
        run("d1", metrics={"test_accuracy": 0.5}, history=curve(0.1, 0.5)),
        run("d2", status=None),
        run("d3"),
    ]
    folder = study(*runs[:2])
    plan(folder, runs)
    return folder


@pytest.mark.parametrize("options", [[], ["--failures"], ["--log", "d1"], ["--follow"]])
def test_the_status_is_shown(folder, mounted_read_only, options):
    done = mounted_read_only(folder, BIN / "grokrfm-status", folder, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 finished, " in done.stdout or "d1" in done.stdout


def test_tables_are_printed(folder, mounted_read_only):
    before = sorted(folder.rglob("*"))
    done = mounted_read_only(folder, BIN / "grokrfm-collect", folder)
    assert done.returncode == 0
    assert "N = 1 of 3 runs (2 missing)" in " ".join(done.stdout.split())
    assert done.stderr == f"table summary is not written: {folder} is read-only\n"
    done = mounted_read_only(folder, BIN / "grokrfm-collect", folder, "--rows", "task.name")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(folder.rglob("*")) == before


def test_figures_that_are_not_drawn_are_named(study, mounted_read_only):
    config = {"task": {"name": "addition"}, "study": {"figures": ["accuracy"]}, "seed": 0}
    folder = study(run("d1", metrics={"test_accuracy": 0.5}, config=config))
    done = mounted_read_only(folder, BIN / "grokrfm-collect", folder)
    assert done.returncode == 0
    assert f"figure accuracy is not drawn: {folder} is read-only\n" in done.stderr
