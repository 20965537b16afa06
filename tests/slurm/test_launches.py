"""Launches that leave, are stopped or die, and others that find their runs in flight."""

import signal
import time

import pytest

from grokrfm import collect
from tests.cli.command import BIN, finished, lines
from tests.slurm.sweeps import Sweeps, cluster, ended, jobs_of, until

pytestmark = pytest.mark.slurm
SEEDS = 5


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    return Sweeps(tmp_path_factory.mktemp("launches"), SEEDS)


def test_a_sweep_in_flight_is_looked_at_and_not_done_twice(sweeps):
    """Detached; then status, collect, an overlapping launch and the same one again, attached."""
    study = sweeps.study("detached")
    two_jobs = "hardware.chunk_minutes=0.0014"
    first = sweeps("detached", "seed=range(0,4)", "hardware.wait=false", two_jobs, pause=0.2)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "4 runs submitted in 2 jobs",
        f"to follow them: grokrfm-status {study.relative_to(sweeps.folder)}",
    ]
    again = sweeps("detached", "seed=range(0,4)", "hardware.wait=false")
    assert again.returncode == 0
    assert again.stdout.splitlines()[0].startswith("0 runs submitted in 0 jobs, 4 being")
    sweeps.until_started("detached")
    overlapping = sweeps.start("detached", "seed=range(1,5)")
    same = sweeps.start("detached", "seed=range(0,4)")
    told = finished(sweeps.folder, [BIN / "grokrfm-status", study], cluster())
    assert " 4 runs remain, jobs: 2 running" in told.stdout
    table = finished(sweeps.folder, [BIN / "grokrfm-collect", study, "--rows", "seed"], {})
    assert table.returncode == 0, table.stderr
    for process in (overlapping, same):
        code, stdout, stderr = ended(process)
        assert (code, stderr) == (0, ""), stdout
    until(lambda: not jobs_of(study))
    assert len(lines(study, "started")) == SEEDS
    assert sweeps("detached", f"seed=range(0,{SEEDS})").stdout == f"{SEEDS} already finished\n"
    sweeps.assert_whole("detached", SEEDS)


def test_ctrl_c_stops_the_jobs_and_the_same_command_goes_on(sweeps):
    study = sweeps.study("stopped")
    process = sweeps.start("stopped", "seed=range(0,2)", pause=0.2)
    sweeps.until_iterating("stopped")
    process.send_signal(signal.SIGINT)
    code, _, stderr = ended(process, seconds=30)
    assert code == 130
    assert stderr.splitlines()[0] == ("stopped; not run: 2 runs; the next launch continues them")
    until(lambda: not jobs_of(study), seconds=15)
    assert [entry["status"] for entry in lines(study, "ended")] == ["interrupted"]
    assert sweeps("stopped", "seed=range(0,2)").stdout.splitlines()[-1] == "2 finished"
    assert max(entry["resumed_at"] for entry in lines(study, "started")) > 0
    sweeps.assert_whole("stopped", 2)


def test_ctrl_c_twice_returns_at_once(sweeps):
    process = sweeps.start("abandoned", "seed=range(0,2)", pause=0.2)
    sweeps.until_iterating("abandoned")
    process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert ended(process, seconds=30)[0] == 130
    assert time.monotonic() - began < 3
    until(lambda: not jobs_of(sweeps.study("abandoned")), seconds=15)


def test_the_jobs_of_a_driver_that_died_go_on_and_are_found(sweeps):
    study = sweeps.study("orphaned")
    process = sweeps.start("orphaned", "seed=range(0,3)", pause=0.05)
    sweeps.until_started("orphaned")
    process.kill()
    process.communicate()
    done = sweeps("orphaned", "seed=range(0,3)")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(lines(study, "started")) == 3
    assert set(collect.runs(study)["status"]) == {"finished"}
    sweeps("orphaned", "seed=range(0,3)")  # tidies what the dead one has left
    sweeps.assert_whole("orphaned", 3)
