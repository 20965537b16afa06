"""A run killed in the middle costs itself alone, and the same command makes up for it."""

import signal
import time

import pandas as pd

from grokrfm import collect
from tests.cli.command import grokrfm, lines, segments, start, status

LONG = ["task.modulus=31", "rfm.iterations=150"]  # a second or two
SWEEP = ["-m", *LONG, "task.modulus=7,31"]
MOMENT = 0.3  # seconds: well into the run, well before its end


def in_the_middle(folder, study):
    """Start SWEEP and wait until its second run is under way; the process and its segment then."""
    process = start(folder, *SWEEP, f"study={study.name}")
    deadline = time.monotonic() + 60
    while len(lines_so_far(study)) < 4:  # started, history, ended; started
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(MOMENT)
    return process, segments(study)


def lines_so_far(study):
    return b"".join(segments(study).values()).splitlines()


def statuses(study):
    return collect.runs(study).set_index("task.modulus")["status"].to_dict()


def test_kill_9_loses_nothing_finished_and_the_same_command_makes_the_rest(tmp_path):
    study = tmp_path / "outputs" / "demo"
    process, _ = in_the_middle(tmp_path, study)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    left = segments(study)
    assert statuses(study) == {7: "finished", 31: "lost"}

    told = status(tmp_path, "outputs/demo").stdout
    assert "1 lost" in told.splitlines()[0]
    assert "1 finished" in told.splitlines()[0]
    assert f"process {process.pid} on" in told
    assert "addition mod 31" in told

    done = grokrfm(tmp_path, *SWEEP, "study=demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 finished"
    assert statuses(study) == {7: "finished", 31: "finished"}
    assert left.items() < segments(study).items()
    assert len(lines(study, "started")) == 3

    grokrfm(tmp_path, *LONG, "study=undisturbed")
    undisturbed = tmp_path / "outputs" / "undisturbed"
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
    assert stderr.splitlines() == [
        "interrupted; what has finished is kept, the same command does the rest"
    ]
    assert stdout.startswith("finished  addition mod 7")
    assert statuses(study) == {7: "finished", 31: "interrupted"}
    after = segments(study)
    assert after.keys() == before.keys()
    assert all(after[name].startswith(text) for name, text in before.items())
    interrupted = lines(study, "ended")[-1]
    assert interrupted["status"] == "interrupted"
    assert interrupted["metrics"]["updates"] < 150
    assert "1 interrupted" in status(tmp_path, "outputs/demo").stdout


def steps(study):
    return collect.steps(study).drop(columns="seconds")


def ended(study):
    """The ends of a study's runs, each with the digest of its start."""
    digests = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    return [{**entry, "digest": digests[entry["attempt"]]} for entry in lines(study, "ended")]
