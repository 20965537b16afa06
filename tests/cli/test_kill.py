"""A sweep killed in the middle costs nothing finished, and the same command makes up for it."""

import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines, segments, start, status

LONG = ["task.modulus=31", "rfm.iterations=150"]  # a second or two
SWEEP = ["-m", *LONG, "task.modulus=7,31", "hardware.slots=1"]
MOMENT = 0.3  # seconds: well into the run, well before its end


def in_the_middle(folder, study):
    """Start SWEEP and wait until its second run is under way; the process and its segment then."""
    process = start(folder, *SWEEP, f"study={study.name}")
    deadline = time.monotonic() + 60
    while len(lines_so_far(study)) < 3:  # started, ended; started
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(MOMENT)
    return process, segments(study)


def lines_so_far(study):
    return b"".join(segments(study).values()).splitlines()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study of the run that is killed below, made without a disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    grokrfm(folder, *LONG, "study=undisturbed")
    return folder / "outputs" / "undisturbed"


def statuses(study):
    return collect.runs(study).set_index("task.modulus")["status"].to_dict()


def processes_of(folder):
    """Every process that works in a folder: the command, its pool and their helpers."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and Path(entry.path, "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def until_gone(folder):
    deadline = time.monotonic() + 30
    while processes_of(folder):
        assert time.monotonic() < deadline, "processes outlive the command that was killed"
        time.sleep(0.1)


def kill_all(folder):
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


def test_kill_9_of_the_command_ends_its_workers_and_the_same_command_makes_the_rest(
    tmp_path, undisturbed
):
    study = tmp_path / "outputs" / "demo"
    process, _ = in_the_middle(tmp_path, study)
    process.kill()
    process.communicate()
    until_gone(tmp_path)
    assert statuses(study) == {7: "finished", 31: "interrupted"}
    made_whole(tmp_path, study, undisturbed)


def test_kill_9_of_every_process_loses_nothing_finished(tmp_path, undisturbed):
    study = tmp_path / "outputs" / "demo"
    process, _ = in_the_middle(tmp_path, study)
    kill_all(tmp_path)
    process.communicate()
    until_gone(tmp_path)
    assert process.returncode == -signal.SIGKILL
    assert statuses(study) == {7: "finished", 31: "lost"}

    told = status(tmp_path, "outputs/demo").stdout
    assert "1 lost" in told.splitlines()[0]
    assert "1 finished" in told.splitlines()[0]
    assert "task.modulus=31" in told
    made_whole(tmp_path, study, undisturbed)


def made_whole(folder, study, undisturbed):
    """The same command does the rest, and every number is that of an undisturbed run."""
    left = segments(study)
    done = grokrfm(folder, *SWEEP, "study=demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 finished"
    assert statuses(study) == {7: "finished", 31: "finished"}
    assert left.items() < segments(study).items()
    assert len(lines(study, "started")) == 3

    expected, resumed = steps(undisturbed), steps(study)
    assert len(expected) == 150
    resumed = resumed[resumed["digest"].isin(expected["digest"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(resumed, expected, check_exact=True)
    metrics = {entry["digest"]: entry["metrics"] for entry in ended(study)}
    for entry in ended(undisturbed):
        assert metrics[entry["digest"]] == entry["metrics"]


def test_ctrl_c_ends_a_sweep_with_a_message_and_keeps_what_is_finished(tmp_path):
    study = tmp_path / "outputs" / "demo"
    process, before = in_the_middle(tmp_path, study)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.splitlines()[0] == ("stopped; not run: 1 run; the next launch continues them")
    assert stderr.splitlines()[-1] == (
        "interrupted; finished runs are kept, the same command computes the remaining ones"
    )
    assert stdout.splitlines()[-1] == "1 finished"
    assert statuses(study) == {7: "finished", 31: "interrupted"}
    after = segments(study)
    assert after.keys() == before.keys()
    assert all(after[name].startswith(text) for name, text in before.items())
    interrupted = lines(study, "ended")[-1]
    assert interrupted["status"] == "interrupted"
    assert interrupted["metrics"]["updates"] < 150
    assert "1 interrupted" in status(tmp_path, "outputs/demo").stdout
    until_gone(tmp_path)


def steps(study):
    return collect.steps(study).drop(columns="seconds")


def ended(study):
    """The ends of a study's runs, each with the digest of its start."""
    digests = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    return [{**entry, "digest": digests[entry["attempt"]]} for entry in lines(study, "ended")]
