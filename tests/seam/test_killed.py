"""A perceptron that is killed or stopped continues to the record of an undisturbed run."""

import signal
import time

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import lines
from tests.cli.test_kill import kill_all, until_gone
from tests.seam.page import perceptron, run

UPDATES = 1500  # about a second
KILLED = ["task.modulus=5", "rate=1", "width=4", f"updates={UPDATES}", "observe_every=50",
          "save.features=last", "checkpoint_seconds=0"]  # fmt: skip
SWEEP = ["-m", *KILLED, "seed=0,1", "hardware.slots=1", "study=killed"]


@pytest.fixture
def undisturbed(settings, tmp_path_factory):
    """A study of the same runs, made once, in this process."""
    study = tmp_path_factory.getbasetemp() / "undisturbed"
    for seed in () if study.exists() else (0, 1):
        save = {**settings["save"], "features": "last"}
        run(settings, study, updates=UPDATES, observe_every=50, save=save, seed=seed)
    return study


def until(condition, process):
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def checkpoints(study):
    return list((study / "checkpoints").glob("*.npz"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_run_alone_continues(tmp_path, undisturbed, number):
    """Ctrl-C falls between two observations; the state must be that of the last one."""
    own, study = perceptron(tmp_path), tmp_path / "outputs" / "stopped"
    process = own.start(*KILLED, "study=stopped")
    until(lambda: checkpoints(study), process)
    process.send_signal(number)
    process.communicate(timeout=30)
    [first] = lines(study, "started")
    assert [end["status"] for end in lines(study, "ended")] in ([], ["interrupted"])
    done = own(*KILLED, "study=stopped")
    assert (done.returncode, done.stderr) == (0, "")
    second = lines(study, "started")[-1]
    assert second["digest"] == first["digest"]
    assert 0 < second["resumed_at"] < UPDATES and second["resumed_at"] % 50 == 0
    assert_equal(study, undisturbed)


def test_a_sweep_continues(tmp_path, undisturbed):
    """Every process is killed while the second run goes on."""
    own, study = perceptron(tmp_path), tmp_path / "outputs" / "killed"
    process = own.start(*SWEEP)
    until(lambda: len(lines(study, "started")) == 2 and checkpoints(study), process)
    kill_all(tmp_path)
    process.communicate()
    until_gone(tmp_path)
    assert sorted(collect.runs(study)["status"]) == ["finished", "lost"]
    done = own(*SWEEP)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 finished"
    assert max(start["resumed_at"] for start in lines(study, "started")) > 0
    assert_equal(study, undisturbed)


def assert_equal(study, undisturbed):
    """Numbers, histories, summaries and feature matrices are equal bit for bit."""
    steps, expected = collect.steps(study), collect.steps(undisturbed)
    expected = expected[expected["digest"].isin(steps["digest"])].reset_index(drop=True)
    assert expected["iteration"].tolist()[:3] == [49, 99, 149]
    pd.testing.assert_frame_equal(steps, expected, check_exact=True)
    metrics, others = finished_metrics(study), finished_metrics(undisturbed)
    for digest in metrics:
        assert metrics[digest] == others[digest]
        [(k, M)] = collect.features(study, digest).items()
        assert k == UPDATES
        np.testing.assert_array_equal(M, collect.features(undisturbed, digest)[k])
    assert checkpoints(study) == []


def finished_metrics(study):
    digests = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    ends = [entry for entry in lines(study, "ended") if entry["status"] == "finished"]
    return {digests[end["attempt"]]: end["metrics"] for end in ends}
