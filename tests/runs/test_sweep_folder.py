import json
import os
import time

import pytest

from grokrfm.checks import StoreError
from grokrfm.runs.plan import Plan
from grokrfm.runs.processes import this_process
from grokrfm.runs.record import Names
from grokrfm.runs.submission import Job, Submission
from grokrfm.runs.sweep_folder import SweepFolder

PLAN = Plan(
    ["d0", "d1"], [{"seed": 0}, {"seed": 1}], [1.0, 2.0], [-1, -1], [1, 1], Names([], [], [])
)


@pytest.fixture
def folder(tmp_path):
    return SweepFolder(tmp_path, "20260101-000000-abcdef")


def submission(*ids):
    return Submission("local", "host", [Job(job, (number,)) for number, job in enumerate(ids)])


def test_a_new_sweep_has_a_name_of_its_own_and_no_folder(tmp_path):
    one, other = SweepFolder.new(tmp_path), SweepFolder.new(tmp_path)
    assert one.name != other.name
    assert list(tmp_path.iterdir()) == []


def test_sweeps_with_a_plan_are_found_oldest_first(tmp_path):
    names = [f"2026010{day}-x" for day in (2, 4, 1, 3)]
    for name in names:
        SweepFolder(tmp_path, name).write_plan(PLAN)
    (tmp_path / "sweeps" / "20260105-x").mkdir()
    assert [found.name for found in SweepFolder.all_of(tmp_path)] == sorted(names)


def test_a_plan_is_kept(folder):
    assert not folder.planned
    folder.write_plan(PLAN)
    assert folder.planned
    assert vars(folder.read_plan()) == vars(PLAN)


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}', "[]"])
def test_a_plan_that_cannot_be_read_is_named(folder, text):
    folder.path.mkdir(parents=True)
    (folder.path / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"plan\.json: cannot be read"):
        folder.read_plan()


def test_submissions_are_added_to_earlier_ones_until_they_are_over(folder):
    assert folder.submissions() == []
    folder.save_submission(submission("1", "2"))
    folder.save_submission(submission("3"))
    assert folder.submissions() == [submission("1", "2"), submission("3")]
    folder.write_plan(PLAN)
    folder.clean_up()
    assert folder.submissions() == []
    assert folder.planned


def test_a_sweep_is_stopped_by_a_file(folder):
    folder.stop()  # nothing is there: nothing is made
    assert not folder.path.exists()
    folder.write_plan(PLAN)
    assert not folder.stopped
    folder.stop()
    assert folder.stopped


def test_a_withdrawn_sweep_is_found_but_planned_no_longer(folder):
    folder.write_plan(PLAN)
    assert not folder.withdrawn
    folder.withdraw()
    assert folder.withdrawn
    assert SweepFolder.all_of(folder.study) == [folder]


def test_a_job_belongs_to_the_process_that_claimed_it_last(folder):
    assert not folder.owns_job("1", "me")
    assert folder.claim_job("1", "me") is False
    assert folder.owns_job("1", "me")
    assert folder.claim_job("1", "other") is True
    assert not folder.owns_job("1", "me")
    folder.release_job("1", "me")  # no longer mine
    assert folder.owns_job("1", "other")
    folder.release_job("1", "other")
    assert not folder.owns_job("1", "other")


def test_a_job_runs_while_its_process_does(folder):
    assert not folder.job_is_running("1")
    folder.claim_job("1", json.dumps(this_process()))
    assert folder.job_is_running("1")
    folder.claim_job("1", json.dumps({**this_process(), "process_start": "an earlier process"}))
    assert not folder.job_is_running("1")


def test_a_torn_claim_counts_by_its_heartbeat(folder):
    folder.claim_job("1", "no identity")
    assert folder.job_is_running("1")
    [claim] = (folder.path / "workers").iterdir()
    os.utime(claim, (0, 0))
    assert not folder.job_is_running("1")


@pytest.mark.parametrize("other", ["host", "boot_id", "pid_namespace"])
@pytest.mark.parametrize(("age", "runs"), [(0, True), (60, False)])
def test_a_job_of_another_host_runs_as_long_as_its_heartbeat(folder, other, age, runs):
    """Hosts may share a name: containers do, and a machine that has been started again."""
    folder.claim_job("1", json.dumps({**this_process(), other: "another", "pid": 2**22 + 1}))
    [claim] = (folder.path / "workers").iterdir()
    os.utime(claim, (time.time() - age, time.time() - age))
    assert folder.job_is_running("1") is runs
    assert folder.job_is_claimed("1")


def test_a_submission_is_young_for_a_minute(folder):
    assert not folder.just_submitted
    folder.save_submission(submission("1"))
    assert folder.just_submitted
    [path] = folder.path.glob("jobs-*")
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert not folder.just_submitted


def test_the_error_of_a_job_outlives_what_the_jobs_needed(folder):
    assert folder.job_error("1") is None
    folder.write_job_error("1", "no device")
    folder.clean_up()
    assert folder.job_error("1") == "no device"
    folder.remove_logs()
    assert folder.job_error("1") is None


def test_what_a_killed_process_left_half_written_is_no_submission(folder):
    folder.save_submission(submission("1"))
    (folder.path / f"jobs-1.host-{os.getpid()}.tmp").write_text("{", encoding="utf-8")
    for number, text in enumerate(["{", "[]", '{"jobs": 1}', '{"jobs": []}'], 2):
        (folder.path / f"jobs-{number}.json").write_text(text, encoding="utf-8")
    assert folder.submissions() == [submission("1")]


def test_a_removed_sweep_leaves_nothing(folder):
    folder.write_plan(PLAN)
    folder.save_submission(submission("1"))
    folder.remove()
    assert not folder.path.exists()


def test_a_fifo_among_its_files_blocks_nothing_and_is_named(folder, caplog):
    folder.save_submission(submission("1"))
    os.mkfifo(folder.path / "plan.json")
    os.mkfifo(folder.path / "jobs-1.json")
    assert folder.plan() is None
    assert folder.submissions() == [submission("1")]
    plan, jobs = (record.getMessage() for record in caplog.records)
    assert plan.startswith(f"plan of the sweep {folder.name} skipped: ")
    assert jobs == f"{folder.path / 'jobs-1.json'} skipped: it is no regular file"
