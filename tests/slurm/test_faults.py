"""What SLURM, or the loss of a node, does to a sweep; all at once, since each takes its time."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from grokrfm import collect
from tests.cli.command import lines
from tests.slurm.sweeps import Sweeps, asked, ended, jobs_of, until

pytestmark = pytest.mark.slurm
SEEDS = 3


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    return Sweeps(tmp_path_factory.mktemp("faults"), SEEDS)


@pytest.fixture(scope="module")
def harmed(sweeps):
    """Study → what the command of each sweep said, after something has happened to it."""
    with contextlib.ExitStack() as stack:

        def sweep(study, *arguments, pause, runs=SEEDS):
            process = sweeps.start(study, f"seed=range(0,{runs})", *arguments, pause=pause)
            stack.callback(process.kill)
            return process

        going = {
            "limited": sweep("limited", "hardware.time=1", on("cpu1"), pause=1.5, runs=1),
            "cut": sweep("cut", "hardware.partition=gpu", pause=1.0),
            "pushed": sweep(
                "pushed", "hardware.partition=preemptible", "hardware.cpus=4", on("cpu2"), pause=0.6
            ),
            "cancelled": sweep("cancelled", "hardware.chunk_minutes=0.0002", on("cpu1"), pause=0.8),
        }
        [(_, node)] = until(lambda: nodes_of(sweeps.study("cut"))).values()
        [other] = {"gpu1", "gpu2"} - {node}
        going["short"] = sweep(
            "short", "hardware.partition=gpu", "hardware.time=2", on(other), pause=1.8, runs=2
        )
        sweeps.until_iterating("pushed")
        # Jobs of the partition cpu push out what is preemptible.
        asked("sbatch", "-pcpu", "-wcpu2", "-c4", "-o/dev/null", "--wrap", "sleep 2")
        sweeps.until_iterating("cut")
        stack.enter_context(cut_off(node))
        sweeps.until_iterating("cancelled")
        asked("scancel", sorted(jobs_of(sweeps.study("cancelled")))[0])
        yield {study: ended(process) for study, process in going.items()}


def nodes_of(study):
    """The jobs of a study that run, as jobs_of tells them."""
    return {job: where for job, where in jobs_of(study).items() if where[1]}


def on(node):
    return f"+hardware.sbatch.nodelist={node}"


@contextlib.contextmanager
def cut_off(node):
    """Kill a node's slurmd; its jobs' processes live on."""
    folder = Path(os.environ["SLURM_CONF"]).parent
    os.kill(int((folder / "run" / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
    try:
        yield
    finally:
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        subprocess.run(["slurmd", "-N", node], check=True, env=environment, timeout=60)
    until(lambda: asked("sinfo", "-hn", node, "-o", "%T").split()[0] in ("idle", "mixed"))


def incarnations(study):
    """The processes of pools and the jobs that a study's runs were computed by."""
    starts = lines(study, "started")
    return {entry["provenance"]["log"] for entry in starts}, {
        entry["provenance"]["job"] for entry in starts
    }


def test_a_job_out_of_time_starts_again_and_goes_on(sweeps, harmed):
    """A run takes 30 s; of one minute, 20 s are to work in."""
    went_on(sweeps, harmed, "limited", 1)


def test_a_job_takes_no_run_that_does_not_fit_and_starts_again(sweeps, harmed):
    """A run takes 36 s; of two minutes, 80 s are to work in."""
    code, stdout, stderr = harmed["short"]
    assert (code, stdout.splitlines()[-1], stderr) == (0, "2 finished", "")
    sweeps.assert_whole("short", 2)
    ends = [entry["status"] for entry in lines(sweeps.study("short"), "ended")]
    assert ends == ["finished", "finished"]
    pools, jobs = incarnations(sweeps.study("short"))
    assert (len(pools), len(jobs)) == (2, 1)


def test_a_job_that_was_pushed_out_starts_again_and_goes_on(sweeps, harmed):
    went_on(sweeps, harmed, "pushed")


def test_a_job_whose_node_is_lost_starts_again_elsewhere_and_the_old_one_leaves(sweeps, harmed):
    went_on(sweeps, harmed, "cut")


def went_on(sweeps, harmed, study, runs=SEEDS):
    code, stdout, stderr = harmed[study]
    assert (code, stderr) == (0, "")
    assert stdout.splitlines()[-1] == f"{runs} finished"
    sweeps.assert_whole(study, runs)
    pools, jobs = incarnations(sweeps.study(study))
    assert len(pools) > 1 and len(jobs) == 1
    ends = [entry["status"] for entry in lines(sweeps.study(study), "ended")]
    assert "interrupted" in ends
    resumed = [entry["resumed_at"] for entry in lines(sweeps.study(study), "started")]
    assert max(resumed) > 0


def test_a_cancelled_job_is_lost_and_the_next_launch_does_its_runs(sweeps, harmed):
    code, stdout, stderr = harmed["cancelled"]
    assert code == 1
    assert " is lost: " in stderr and "run again what is not finished: grokrfm -m " in stderr
    done = collect.runs(sweeps.study("cancelled"))["status"].tolist().count("finished")
    assert stdout.splitlines()[-1] == f"{done} finished" and 0 < done < SEEDS
    again = sweeps("cancelled", f"seed=range(0,{SEEDS})")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.splitlines()[-1] == f"{done} already finished, {SEEDS - done} finished"
    sweeps.assert_whole("cancelled", SEEDS)
