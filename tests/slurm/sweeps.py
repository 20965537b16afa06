"""Sweeps on the real SLURM, started as a user starts them, and what they must come to."""

import os
import subprocess
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from grokrfm import collect
from tests.cli.command import grokrfm, lines, start

ROOT = str(Path(__file__).parents[2])
YAML = """
_target_: tests.slurm.slow.Slow
name: slow
bandwidth: 2.5
deed: none
marks: marks
"""
RUNS = ["--config-dir", "own", "kernel=slow", "task.modulus=5", "rfm.iterations=20"]
ELSEWHERE = ["study.name", "seconds", "started", "ended"]


class Sweeps:
    """Sweeps over seeds in one folder, each into a study of its own."""

    def __init__(self, folder, seeds):
        self.folder = folder
        (folder / "own" / "kernel").mkdir(parents=True)
        (folder / "own" / "kernel" / "slow.yaml").write_text(YAML, encoding="utf-8")
        undisturbed = ["hydra/launcher=basic", "study=undisturbed", f"seed=range(0,{seeds})"]
        done = grokrfm(folder, "-m", *RUNS, *undisturbed, PYTHONPATH=ROOT)
        assert done.returncode == 0, done.stderr

    def study(self, name):
        return self.folder / "outputs" / name

    def __call__(self, study, *arguments, pause=0.0, **environment):
        """Run a sweep until its command ends."""
        return grokrfm(
            self.folder, "-m", *RUNS, *PLACE, f"study={study}", *arguments,
            PYTHONPATH=ROOT, PAUSE=str(pause), **cluster(), **environment,
        )  # fmt: skip

    def start(self, study, *arguments, pause=0.0):
        """Start a sweep and return at once."""
        return start(
            self.folder, "-m", *RUNS, *PLACE, f"study={study}", *arguments,
            PYTHONPATH=ROOT, PAUSE=str(pause), **cluster(),
        )  # fmt: skip

    def until_started(self, study, runs=1):
        """Wait until so many runs of a study have started; the lines of their starts."""
        return until(lambda: (s := lines(self.study(study), "started"))[runs - 1 :] and s)

    def until_iterating(self, study):
        self.until_started(study)
        time.sleep(1.5)

    def assert_whole(self, study, seeds):
        """All is as in the undisturbed sweep, and every run was finished once."""
        study = self.study(study)
        attempts = Counter((entry["attempt"], entry["status"]) for entry in lines(study, "ended"))
        assert set(attempts.values()) == {1}
        digest = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
        ends = Counter(digest[attempt] for attempt, end in attempts if end == "finished")
        assert len(ends) == seeds and set(ends.values()) == {1}
        assert {end for _, end in attempts} <= {"finished", "interrupted"}
        for table in (collect.runs, collect.steps):
            expected = table(self.study("undisturbed"))
            expected = expected[expected["digest"].isin(ends)]
            pd.testing.assert_frame_equal(plain(table(study)), plain(expected))
        assert list(study.glob("sweeps/*/submitit")) == []
        assert list(study.glob("sweeps/*/workers")) == []


PLACE = ["hardware=slurm", "hardware.memory=2"]


def cluster():
    """The variables of the cluster, which the session's fixture has started."""
    return {"SLURM_CONF": os.environ["SLURM_CONF"]}


def plain(table):
    """A table without what says when and where its numbers were computed."""
    where = [name for name in table if name in ELSEWHERE or name.startswith("hardware.")]
    table = table.drop(columns=where)
    keys = [name for name in ("digest", "iteration") if name in table]
    return table.sort_values(keys).reset_index(drop=True)


def until(condition, seconds=60):
    """What a condition gives once it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.1)
    return value


def asked(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ended(process, seconds=150):
    """Exit code, output and errors of a command that was started."""
    stdout, stderr = process.communicate(timeout=seconds)
    return process.returncode, stdout, stderr


def jobs_of(study):
    """job → (state, node) of a study's live jobs, as squeue tells it."""
    names = ",".join(f"grokrfm-{path.name}" for path in (study / "sweeps").glob("*"))
    if not names:
        return {}
    told = asked("squeue", "-hr", f"--name={names}", "-o", "%F|%K|%i|%T|%N").splitlines()
    found = {}
    for array, task, job, state, node in (line.split("|") for line in told):
        found[f"{array}_{task}" if task.isdigit() else job] = (state, node)
    return found
