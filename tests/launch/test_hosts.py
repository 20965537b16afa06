"""Launches on several hosts that share one folder, and hosts that are lost."""

import subprocess
import time

import pytest

from tests.cli.command import BIN, ENVIRONMENT, lines, status
from tests.launch.hosts import Host, on_several_hosts
from tests.launch.test_second_launch import done_once, wait_until

pytestmark = [on_several_hosts, pytest.mark.slow]

RUNS = ["-m", "task.modulus=11", "rfm.iterations=15", "study=demo", "hardware.threads=1"]
LONG = ["task.modulus=31", "rfm.iterations=3000", "study=demo", "hardware.threads=1"]
SILENCE = 12


def ended(process):
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (0, "")
    return stdout


def test_two_containers_of_one_name_share_the_work(tmp_path):
    one, other = Host("twin", tmp_path), Host("twin", tmp_path)
    processes = [
        one.start(*RUNS, "seed=range(0,12)"),
        other.start(*RUNS, "seed=range(4,16)"),
    ]
    for process in processes:
        ended(process)
    done_once(tmp_path / "outputs" / "demo", 16)


def test_a_sweep_of_a_lost_host_is_freed_at_once_by_cancel(tmp_path):
    """The machine has another name since it was started again, or the node has gone for ever."""
    study = tmp_path / "outputs" / "demo"
    lost, new = (Host(name, tmp_path, silence=3600) for name in ("before", "after"))
    lost.start("-m", *LONG, "seed=0,1", "hardware.slots=1")
    wait_until(lambda: lines(study, "started"), 120)
    lost.kill()
    assert "1 running" in status(tmp_path, "outputs/demo").stdout  # as far as anybody knows
    told = status(tmp_path, "outputs/demo", "--cancel").stdout
    assert "is being stopped, 2 runs remain" in told
    told = status(tmp_path, "outputs/demo").stdout
    assert "running" not in told and "queued" not in told
    new.start("-m", *LONG, "seed=0,1", "hardware.slots=1")
    wait_until(lambda: len(lines(study, "started")) == 2, 300)
    new.kill()


def test_the_runs_of_a_lost_host_are_computed_after_the_stated_silence(tmp_path):
    study = tmp_path / "outputs" / "demo"
    lost, new = (Host(name, tmp_path, SILENCE) for name in ("before", "after"))
    sweep = [*RUNS[:3], "study=demo", "seed=range(0,200)", "hardware.threads=1"]
    lost.start(*sweep)
    wait_until(lambda: len(lines(study, "ended")) > 3, 120)
    lost.kill()
    killed = time.monotonic()
    ended_before = len(lines(study, "ended"))
    process = new.start(*sweep)
    wait_until(lambda: len(lines(study, "ended")) > ended_before, 120)
    assert time.monotonic() - killed < SILENCE + 60  # the start of a command under load
    ended(process)
    attempts = [entry["attempt"] for entry in lines(study, "ended")]
    digests = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    assert len({digests[attempt] for attempt in attempts}) == len(attempts) == 200


def test_a_run_alone_is_refused_on_another_host_until_the_stated_silence(tmp_path):
    study = tmp_path / "outputs" / "demo"
    lost, new = (Host(name, tmp_path, SILENCE) for name in ("before", "after"))
    lost.start(*LONG)
    wait_until(lambda: lines(study, "started"), 120)
    time.sleep(SILENCE)  # it shows that it runs
    process = new.start(*LONG)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "is already being computed by process" in stderr and " on before;" in stderr
    lost.kill()
    time.sleep(SILENCE)
    new.start(*LONG)
    wait_until(lambda: len(lines(study, "started")) == 2, 120)
    new.kill()


def test_a_sweep_ends_where_proc_shows_the_processes_of_another_namespace(tmp_path):
    command = ["unshare", "--pid", "--fork", BIN / "grokrfm", *RUNS, "seed=0,1"]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "2 finished"
