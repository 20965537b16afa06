"""Jobs and runs of other hosts and clusters, as their heartbeats show them."""

import itertools
import json
import os
import time
from pathlib import Path

import pytest

from grokrfm.launch.jobs import active_jobs, active_runs, active_sweeps
from grokrfm.launch.local import Local
from grokrfm.launch.slurm import Slurm
from grokrfm.runs import heartbeat
from grokrfm.runs.processes import this_process
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.submission import Job, Submission
from tests.launch.fakes import sweep_of, write_run

ANOTHER = {**this_process(), "pid_namespace": "another", "pid": 2**22 + 1}


@pytest.fixture
def folder(tmp_path):
    sweep = sweep_of(tmp_path, [{"seed": seed} for seed in range(2)])
    sweep.folder.write_plan(sweep.plan)
    return sweep.folder


def submit(folder, scheduler="local", cluster="laptop boot another"):
    folder.save_submission(Submission(scheduler, cluster, [Job("7", (0,)), Job("8", (1,))]))


def age(folder, pattern, seconds=60):
    for path in folder.path.glob(pattern):
        os.utime(path, (time.time() - seconds, time.time() - seconds))


def states(folder):
    return {job.id: state for job, state in active_jobs(folder).items()}


def queued(folder):
    status = StudyStatus(Store(folder.study))
    return {digest for sweep in active_sweeps(status) for digest in sweep.queued}


def test_the_host_of_a_job_is_more_than_its_name():
    name, boot, namespace = Local.cluster_name().split()
    assert (name, boot) == (os.uname().nodename, this_process()["boot_id"])
    assert namespace == str(Path("/proc/self/ns/pid").readlink())


def test_jobs_of_another_host_are_over_when_their_heartbeats_are_silent(folder):
    submit(folder)
    assert states(folder) == {"7": "queued on laptop", "8": "queued on laptop"}
    folder.claim_job("7", json.dumps(ANOTHER))
    assert states(folder) == {"7": "running on laptop", "8": "queued on laptop"}
    age(folder, "jobs-*")  # a job that has not started by now never will
    assert states(folder) == {"7": "running on laptop"}
    assert queued(folder) == {folder.read_plan().digests[0]}
    age(folder, "workers/*")
    assert states(folder) == {}
    assert queued(folder) == set()


def test_jobs_of_another_cluster_wait_until_they_are_withdrawn(folder, monkeypatch):
    """Its queue cannot be asked from here."""
    monkeypatch.setattr(Slurm, "cluster_name", staticmethod(lambda: None))
    submit(folder, "slurm", "far-away")
    folder.claim_job("7", json.dumps(ANOTHER))
    age(folder, "*")
    age(folder, "workers/*")
    assert states(folder) == {"8": "queued on far-away"}
    folder.withdraw()
    assert states(folder) == {}


def test_a_withdrawn_sweep_of_another_host_is_over_at_once(folder):
    submit(folder)
    folder.claim_job("7", json.dumps(ANOTHER))
    folder.withdraw()
    assert states(folder) == {}


def test_a_run_alone_on_another_host_is_its_own_until_its_heartbeat_is_silent(folder, monkeypatch):
    monkeypatch.setattr(heartbeat, "_period", itertools.count().__next__)
    store = Store(folder.study)
    write_run(store, "alone", None, origin=ANOTHER)
    status = StudyStatus(store)
    assert active_runs(status) == {"alone": f"process {ANOTHER['pid']} on {ANOTHER['host']}"}
    [segment] = (folder.study / "segments").iterdir()
    os.utime(segment, (time.time() - 60, time.time() - 60))
    assert active_runs(status) == {}


def test_a_run_alone_in_this_process_needs_no_heartbeat(folder):
    store = Store(folder.study)
    write_run(store, "alone", None)
    [segment] = (folder.study / "segments").iterdir()
    os.utime(segment, (0, 0))
    assert active_runs(StudyStatus(store)) == {"alone": f"process {os.getpid()}"}
