"""A disk that is read-only or full, a segment that is broken, callbacks, another sweeper."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, segments

SMALL = ["task.modulus=7", "rfm.iterations=3", "study=demo"]
CAN_MOUNT = os.geteuid() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if not CAN_MOUNT or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_in_mid_sweep_is_said_and_what_was_finished_stays(tmp_path, small_disk):
    runs = ["-m", *SMALL, "seed=range(0,200)", f"outputs={small_disk}"]
    done = grokrfm(tmp_path, *runs)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "No space left on device" in done.stderr or "is full" in done.stderr
    before = collect.runs(small_disk / "demo")
    finished = set(before.loc[before["status"] == "finished", "digest"])
    assert 0 < len(finished) < 200
    subprocess.run(["mount", "-o", "remount,size=20M", str(small_disk)], check=True)
    again = grokrfm(tmp_path, *runs)
    assert again.returncode == 0
    after = collect.runs(small_disk / "demo")
    assert after["status"].tolist() == ["finished"] * 200
    assert again.stdout.splitlines()[-1] == (
        f"{len(finished)} already finished, {200 - len(finished)} finished"
    )


def test_a_read_only_disk_is_said(tmp_path, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = grokrfm(tmp_path, "-m", *SMALL, "seed=0,1", f"outputs={small_disk}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Read-only file system" in done.stderr
    assert "outputs=PATH" in done.stderr


def test_a_broken_segment_costs_the_runs_in_its_broken_lines(tmp_path):
    grokrfm(tmp_path, "-m", *SMALL, "seed=range(0,4)", "hardware.slots=1")
    study = tmp_path / "outputs" / "demo"
    [name] = segments(study)
    path = study / "segments" / name
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b"\x00garbage" + lines[2][:40] + b"\n"  # the end of the first run
    path.write_bytes(b"".join(lines))
    done = grokrfm(tmp_path, "-m", *SMALL, "seed=range(0,4)", "hardware.slots=1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "3 already finished, 1 finished"
    assert "1 line skipped" in done.stderr


CALLBACK = """
import json
from pathlib import Path

from hydra.experimental.callback import Callback


class Notes(Callback):
    def on_job_end(self, config, job_return, **kwargs):
        note = [list(job_return.overrides), job_return.status.name, job_return.return_value]
        with Path("notes.jsonl").open("a") as file:
            file.write(json.dumps(note) + "\\n")
"""
SWEEPER = '''
"""Asks for one run after another, each where the last one's result says, as Optuna would."""

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper


class Climbing(Sweeper):
    def __init__(self):
        pass

    def setup(self, *, hydra_context, task_function, config):
        self.config, self.hydra_context = config, hydra_context
        self.launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )

    def sweep(self, arguments):
        best, number = -1.0, 0
        for fraction in (0.3, 0.5, 0.9):
            given = [*arguments, f"split.train_fraction={fraction}"]
            overrides = [[*given, f"seed={seed}"] for seed in (0, 1)]
            returns = self.launcher.launch(overrides, initial_job_idx=number)
            number += len(returns)
            value = sum(job.return_value for job in returns) / len(returns)
            print(f"{fraction}: {value:.3f}", flush=True)
            best = max(best, value)
        print(f"best {best:.3f}", flush=True)
        return best
'''


def test_callbacks_and_sweepers_get_real_returns(tmp_path):
    plugins = tmp_path / "hydra_plugins"
    plugins.mkdir()
    (plugins / "climbing.py").write_text(SWEEPER, encoding="utf-8")
    (tmp_path / "notes_callback.py").write_text(CALLBACK, encoding="utf-8")
    own = tmp_path / "own" / "hydra"
    (own / "sweeper").mkdir(parents=True)
    (own / "callbacks").mkdir()
    (own / "sweeper" / "climbing.yaml").write_text(
        "_target_: hydra_plugins.climbing.Climbing\n", encoding="utf-8"
    )
    (own / "callbacks" / "notes.yaml").write_text(
        "notes:\n  _target_: notes_callback.Notes\n", encoding="utf-8"
    )
    done = grokrfm(
        tmp_path, "-m", "--config-dir", "own", "hydra/sweeper=climbing", "hydra/callbacks=notes",
        *SMALL, "hardware.slots=1", PYTHONPATH=".",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    runs = collect.runs(tmp_path / "outputs" / "demo").set_index("split.train_fraction")
    means = runs.groupby(level=0)["test_accuracy"].mean()
    told = done.stdout.splitlines()
    for fraction, mean in means.items():
        assert f"{fraction}: {mean:.3f}" in told
    assert told[-2:] == [f"best {means.max():.3f}", "6 finished"]
    notes = [json.loads(line) for line in Path(tmp_path, "notes.jsonl").read_text().splitlines()]
    assert len(notes) == 6
    for overrides, status, value in notes:
        settings = dict(text.split("=") for text in overrides)
        row = runs.loc[float(settings["split.train_fraction"])]
        [expected] = row.loc[row["seed"] == int(settings["seed"]), "test_accuracy"]
        assert (status, value) == ("COMPLETED", expected)
