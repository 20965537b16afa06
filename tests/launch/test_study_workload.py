"""The runs of a study as a pool sees them: what remains, and what is written of failures."""

import os
import threading
import time

import cloudpickle
import pytest

from grokrfm.launch.study_workload import StudyWorkload, batched
from grokrfm.launch.worker import Raised
from grokrfm.launch.workload import Death
from grokrfm.runs import heartbeat
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.provenance import SWEEP
from grokrfm.runs.store import Store
from grokrfm.runs.submission import Job, Submission
from tests.launch.fakes import sweep_of, write_run

DEATH = Death("its process was killed by SIGSEGV", 7, "the end of its log")


@pytest.fixture(autouse=True)
def job(monkeypatch):
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "local")
    monkeypatch.setenv("SUBMITIT_LOCAL_JOB_ID", "1")
    monkeypatch.setenv(SWEEP, "")


@pytest.fixture
def workload(tmp_path):
    sweep = sweep_of(tmp_path, [{"seed": seed} for seed in range(4)])
    sweep.folder.write_plan(sweep.plan)
    sweep.folder.save_submission(Submission("local", "here", [Job("1", (0, 1, 2, 3))]))
    found = StudyWorkload(sweep.folder, [0, 1, 2, 3], {}, "cpu", 1, 60.0)
    found.begin()
    return found


def write(workload, i, status="finished", **origin):
    """Write an attempt at run i as a worker of this sweep does."""
    plan, folder = workload.folder.read_plan(), workload.folder
    return write_run(
        Store(folder.study), plan.digests[i], status, sweep=folder.name, origin=origin
    )  # fmt: skip


def statuses(workload):
    """Run → statuses of its attempts, with the messages of their errors."""
    found = {i: [] for i in workload.runs}
    for record in Store(workload.folder.study).records():
        error = record.error["message"] if record.error else None
        found[workload.folder.read_plan().index[record.digest]].append((record.status, error))
    return found


def resubmitted(workload):
    return cloudpickle.loads(cloudpickle.dumps(workload))


def test_what_remains_are_the_runs_that_have_not_ended_in_this_sweep(workload):
    write(workload, 0)
    write(workload, 1, "failed")
    write(workload, 2, "interrupted")
    assert workload.batches() == [(2,), (3,)]
    assert resubmitted(workload).batches() == [(2,), (3,)]


def test_a_run_that_failed_before_the_job_was_submitted_remains(workload):
    write(workload, 0, "failed")
    digest = workload.folder.read_plan().digests[0]
    again = StudyWorkload(workload.folder, [0], {digest: 1}, "cpu", 1, None)
    assert again.batches() == [(0,)]
    write(workload, 0, "failed")
    assert again.batches() == []


def test_the_time_limit_and_the_estimate_are_those_of_all_runs_of_a_batch(workload):
    assert workload.limit((0, 1, 2)) == 180.0
    assert workload.seconds((0, 1, 2)) == pytest.approx(6.01)
    assert StudyWorkload(workload.folder, [0], {}, "cpu", 1, None).limit((0,)) is None


def test_a_run_without_enough_memory_is_done_once_more_alone(workload):
    for i in (0, 1, 2):
        write(workload, i, "finished" if i == 1 else "failed")
    results = ["OutOfMemoryError", None, "OutOfMemoryError"]
    assert workload.on_result((0, 1, 2), results) == [(0,), (2,)]
    assert workload.on_result((0,), ["OutOfMemoryError"]) == []
    assert workload.on_result((3,), ["ValueError"]) == []


def test_a_run_that_waits_to_be_done_alone_survives_a_requeue(workload):
    """The time of the job is over between a run without enough memory and its second try."""
    for i in (0, 1):
        write(workload, i, "failed")
    assert workload.on_result((0, 1), ["OutOfMemoryError", "ValueError"]) == [(0,)]
    again = resubmitted(workload)
    assert again.batches() == [(2,), (3,), (0,)]
    write(workload, 0, "failed")
    assert resubmitted(workload).batches() == [(2,), (3,)]


def test_what_a_handler_raised_is_recorded_for_runs_that_have_not_ended(workload):
    write(workload, 0)
    workload.on_result((0, 1), Raised("StoreError", "the disk is full", ""))
    assert statuses(workload) == {
        0: [("finished", None)],
        1: [("failed", "the disk is full")],
        2: [],
        3: [],
    }


def test_the_death_of_a_worker_ends_what_it_had_started_and_records_the_rest(workload):
    write(workload, 0)
    write(workload, 1, None, pid=7)
    workload.on_death((0, 1, 2), DEATH)
    assert statuses(workload) == {
        0: [("finished", None)],
        1: [("crashed", DEATH.cause)],
        2: [("crashed", DEATH.cause)],
        3: [],
    }
    [crashed] = [
        record
        for record in Store(workload.folder.study).records()
        if record.provenance["pid"] == 7
    ]  # fmt: skip
    assert (crashed.status, crashed.error["traceback"]) == ("crashed", "the end of its log")
    assert workload.batches() == [(3,)]


@pytest.mark.parametrize("other", [{"host": "another"}, {"pid_namespace": "a"}, {"pid": 8}])
def test_the_death_of_a_worker_ends_no_attempt_of_another_process(workload, other):
    theirs = write(workload, 0, None, **{"pid": 7, **other})
    workload.on_death((0,), DEATH)
    records = {record.attempt: record for record in Store(workload.folder.study).records()}
    assert records.pop(theirs).ended is None
    assert [record.status for record in records.values()] == ["crashed"]


def test_deaths_count_for_nothing_once_the_job_runs_elsewhere(workload):
    workload.folder.claim_job("1", "the same job, started again on another node")
    workload.on_death((0,), DEATH)
    assert statuses(workload)[0] == []
    assert workload.stopped()


def test_a_job_stops_with_its_sweep(workload):
    assert not workload.stopped()
    workload.folder.stop()
    assert workload.stopped()


def test_a_job_claims_its_number_and_names_its_sweep(workload):
    assert os.environ[SWEEP] == workload.folder.name
    assert workload.folder.job_is_running("1")
    workload.end()
    assert not workload.folder.job_is_running("1")


def test_a_job_shows_other_hosts_that_it_runs(workload, monkeypatch):
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: 0.02)
    workload.end()
    workload.begin()
    [claim] = (workload.folder.path / "workers").iterdir()
    os.utime(claim, (0, 0))
    time.sleep(0.2)
    assert claim.stat().st_mtime > 0
    workload.end()


def test_a_job_that_no_submission_names_computes_nothing(workload):
    """Its launch was killed before it had noted the job, or another launch has tidied up."""
    workload.end()
    workload.folder.clean_up()
    workload.begin()
    assert workload.stopped()
    assert not workload.folder.job_is_claimed("1")
    workload.end()


def test_a_job_waits_for_the_launch_that_submits_it(workload):
    """Many job arrays take minutes; the jobs of the first begin before the last is submitted."""
    workload.end()
    workload.folder.clean_up()
    submission = Submission("local", "here", [Job("1", (0,))])

    def submit():
        with launch_lock(workload.folder.study):
            locked.set()
            time.sleep(0.3)
            workload.folder.save_submission(submission)

    locked = threading.Event()
    threading.Thread(target=submit).start()
    locked.wait()
    workload.begin()
    assert not workload.stopped()
    workload.end()


def test_an_error_of_the_pool_is_kept(workload):
    workload.on_error(ValueError("no device"))
    assert workload.folder.job_error("1") == "no device"


def test_batches_gather_runs_of_one_key_at_the_place_of_the_first(tmp_path):
    widths = [2, 3, 2, 1, 2, 2, 3]
    sweep = sweep_of(tmp_path, [{"seed": i, "width": w} for i, w in enumerate(widths)])
    assert batched(range(7), sweep.plan) == [(0, 2, 4), (1, 6), (3,), (5,)]
    assert batched([5, 4], sweep.plan) == [(5, 4)]
