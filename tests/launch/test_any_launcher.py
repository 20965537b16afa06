"""Launchers of others, and ours, on the same sweep of `grokrfm`."""

import csv
import pickle

import pytest

from grokrfm.launch.invocation import run
from grokrfm.launch.outcome import RunError
from tests.cli.command import BIN, finished, grokrfm

SWEEP = ["-m", "task.modulus=7", "rfm.iterations=3", "seed=0,1", "kernel.bandwidth=2.5,1.5"]
FAILS = ["task.modulus=11", "kernel=quadratic", "split=fixed_points", "rfm.ridge=0"]


def test_the_task_function_and_its_errors_are_picklable():
    assert pickle.loads(pickle.dumps(run)) is run
    assert str(pickle.loads(pickle.dumps(RunError("singular")))) == "singular"


@pytest.mark.parametrize("sweeper", ["basic", "grokrfm"])
def test_a_refused_run_and_a_failed_one_raise(tmp_path, sweeper):
    (tmp_path / "notes_callback.py").write_text(
        "from hydra.experimental.callback import Callback\n\n\n"
        "class Notes(Callback):\n"
        "    def on_job_end(self, config, job_return, **kwargs):\n"
        "        value = job_return._return_value\n"
        "        print(job_return.status.name, type(value).__name__)\n",
        encoding="utf-8",
    )
    done = grokrfm(
        tmp_path, "-m", *FAILS, "rfm.iterations=30,0", "study=demo", "hydra/launcher=basic",
        f"hydra/sweeper={sweeper}", "++hydra.callbacks.notes._target_=notes_callback.Notes",
        PYTHONPATH=".",
    )  # fmt: skip
    said = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "COMPLETED"))]
    assert said == ["FAILED RunError", "FAILED SettingError"]
    assert done.returncode == 1
    assert "ridge·I is not positive definite" in done.stderr
    if sweeper == "grokrfm":
        assert done.stdout.splitlines()[-1] == "1 failed, 1 refused"
        assert "rfm.iterations must be an integer of at least 1, got 0" in done.stderr


def test_a_single_run_that_fails_or_is_refused_says_so_once(tmp_path):
    for wrong, message in (
        (["rfm.iterations=0"], "rfm.iterations must be an integer of at least 1, got 0"),
        ([*FAILS, "rfm.iterations=30"], "is not positive definite to working precision"),
    ):
        done = grokrfm(tmp_path, *wrong, "study=demo")
        assert done.returncode == 1
        assert done.stderr.count(message) == 1
        assert "Error executing job" not in done.stderr


@pytest.mark.slow
def test_every_launcher_computes_the_same_table(tmp_path):
    tables = {}
    for launcher in ("basic", "joblib", "submitit_local", "grokrfm_local", "grokrfm"):
        done = grokrfm(tmp_path, *SWEEP, f"study={launcher}", f"hydra/launcher={launcher}")
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "4 finished"), done.stderr
        command = [BIN / "grokrfm-collect", f"outputs/{launcher}", "--format", "csv", "--rows"]
        rows = "seed,kernel.bandwidth", "--value", "test_loss"
        table = csv.DictReader(finished(tmp_path, [*command, *rows], {}).stdout.splitlines())
        tables[launcher] = [
            (row["seed"], row["kernel.bandwidth"], row["test_loss"]) for row in table
        ]
    assert len(set(tables["basic"])) == 4
    for launcher, table in tables.items():
        assert table == tables["basic"], launcher


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_run_that_fails_in_another_process_is_no_success(tmp_path, launcher):
    done = grokrfm(
        tmp_path, "-m", *FAILS, "rfm.iterations=30,0", "study=demo", f"hydra/launcher={launcher}"
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 failed, 1 refused")
    assert "ridge·I is not positive definite" in done.stderr
    assert "rfm.iterations must be an integer of at least 1, got 0" in done.stderr
