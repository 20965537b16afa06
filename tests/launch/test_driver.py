"""A sweep driver whose jobs are threads that write records: no process is started."""

import threading
import time
from collections import Counter

import pytest

from grokrfm.checks import GrokrfmError
from grokrfm.launch import driver as driver_module
from grokrfm.launch import jobs
from grokrfm.launch.driver import SweepDriver
from grokrfm.runs.processes import this_process
from grokrfm.runs.record import OUT_OF_MEMORY
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.submission import Job, Submission
from grokrfm.runs.sweep_folder import SweepFolder
from tests.launch.fakes import InProcess, end_run, end_with, sweep_of, write_run

SEEDS = [{"seed": seed} for seed in range(4)]
THREADED = {"threaded": True}


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setitem(jobs.BACKENDS, InProcess.scheduler, InProcess)
    monkeypatch.setattr(driver_module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(driver_module, "SCHEDULER_SECONDS", 0.05)
    monkeypatch.setattr(InProcess, "cancelled", [])


@pytest.fixture
def deeds(monkeypatch):
    """Deeds of jobs that a test adds."""
    added = {}
    monkeypatch.setattr(InProcess, "deeds", added)
    return added


class Watcher:
    """View that notes the counts, and acts on the first update."""

    def __init__(self, act=lambda driver: None):
        self.counts = []
        self._act = act

    def __call__(self, driver):
        self.counts.append(driver.counts())
        act, self._act = self._act, lambda driver: None
        act(driver)


def drive(sweep, act=lambda driver: None):
    driver, view = SweepDriver(sweep), Watcher(act)
    driver.run(view)
    return driver, view


def attempts(sweep):
    """Digest → statuses of all attempts, in order."""
    found = {}
    for record in Store(sweep.study).records():
        found.setdefault(record.digest, []).append(record.status)
    return [found.get(digest, []) for digest in sweep.plan.digests]


def test_every_run_is_done_in_one_submission(tmp_path):
    sweep = sweep_of(tmp_path, SEEDS, hardware={"job_size": 3})
    driver, _ = drive(sweep)
    assert attempts(sweep) == [["finished"]] * 4
    assert driver.counts() == Counter(finished=4)
    assert (driver.remaining(), driver.jobs, driver.lost) == ([], {}, {})
    assert [path.name for path in driver.sweep.folder.path.iterdir()] == ["plan.json"]


def test_nothing_is_submitted_where_everything_is_finished(tmp_path):
    drive(sweep_of(tmp_path, SEEDS))
    again = sweep_of(tmp_path, SEEDS, hardware={"deed": "nothing"})
    driver, _ = drive(again)
    assert driver.counts() == Counter({"already finished": 4})
    assert driver.finished_before == {0, 1, 2, 3}
    assert not driver.sweep.folder.path.exists()


def test_rerun_computes_what_is_finished_again(tmp_path):
    drive(sweep_of(tmp_path, SEEDS))
    again = sweep_of(tmp_path, SEEDS, rerun=True)
    driver, _ = drive(again)
    assert attempts(again) == [["finished", "finished"]] * 4
    assert driver.counts() == Counter(finished=4)


def test_a_run_that_lacks_something_asked_for_now_is_computed_again(tmp_path):
    first = sweep_of(tmp_path, SEEDS[:2])
    write_run(Store(first.study), first.plan.digests[0], features=[4])
    write_run(Store(first.study), first.plan.digests[1], features=[])
    asked = {"features": "last", "predictions": "none"}
    driver = SweepDriver(sweep_of(tmp_path, SEEDS[:2], save=asked))
    assert driver.finished_before == {0}
    driver.run(Watcher())
    assert attempts(driver.sweep) == [["finished"], ["finished", "finished"]]


def test_a_job_that_did_nothing_is_lost_and_said_once(tmp_path):
    sweep = sweep_of(tmp_path, SEEDS, hardware={"deed": "nothing", "job_size": 2})
    driver, _ = drive(sweep)
    assert [len(jobs) for jobs in driver.lost.values()] == [2]
    assert list(driver.lost) == ["it ended early"]
    assert driver.remaining() == [0, 1, 2, 3]
    assert driver.counts() == Counter(queued=4)
    assert attempts(sweep) == [[]] * 4


def test_a_job_that_ends_half_way_is_lost_and_its_runs_are_not_tried_again(tmp_path, deeds):
    def half(workload, job_id):
        workload.runs = workload.runs[:1]
        end_with("finished")(workload, job_id)

    deeds["half"] = half
    sweep = sweep_of(tmp_path, SEEDS, hardware={"deed": "half", "job_size": 2})
    driver, _ = drive(sweep)
    assert attempts(sweep) == [["finished"], [], ["finished"], []]
    assert driver.remaining() == [1, 3]
    assert sum(map(len, driver.lost.values())) == 2


def test_the_reason_that_a_job_gave_is_said(tmp_path, deeds):
    deeds["refuse"] = lambda workload, job_id: workload.folder.write_job_error(job_id, "no device")
    driver, _ = drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "refuse"}))
    assert list(driver.lost) == ["no device"]


@pytest.mark.parametrize(
    ("retry", "tries"),
    [("none", (1, 1)), ("failed", (2, 1)), ("crashed", (1, 2)), ("all", (2, 2))],
)
def test_what_failed_or_crashed_is_tried_once_more(tmp_path, deeds, retry, tries):
    def deed(workload, job_id):
        runs = list(workload.runs)
        for i in runs:
            workload.runs = [i]
            end_with("failed" if i == 0 else "crashed")(workload, job_id)

    deeds["harm"] = deed
    sweep = sweep_of(tmp_path, SEEDS[:2], retry=retry, hardware={"deed": "harm"})
    driver, _ = drive(sweep)
    assert attempts(sweep) == [["failed"] * tries[0], ["crashed"] * tries[1]]
    assert driver.counts() == Counter(failed=1, crashed=1)


def test_a_second_try_that_finishes_counts(tmp_path, deeds):
    deeds["improve"] = end_with("failed", "finished")
    sweep = sweep_of(tmp_path, SEEDS, retry="failed", hardware={"deed": "improve"})
    driver, _ = drive(sweep)
    assert attempts(sweep) == [["failed", "finished"]] * 4
    assert driver.counts() == Counter(finished=4)


def test_a_retry_whose_job_does_nothing_is_not_repeated_for_ever(tmp_path, deeds):
    submitted = []

    def once(workload, job_id):
        submitted.append(list(workload.runs))
        if len(submitted) == 1:
            end_with("failed")(workload, job_id)

    deeds["once"] = once
    sweep = sweep_of(tmp_path, SEEDS[:2], retry="failed", hardware={"deed": "once"})
    driver, _ = drive(sweep)
    assert submitted == [[0, 1], [0, 1]]
    assert driver.counts() == Counter(failed=2)


def test_runs_that_others_finish_meanwhile_are_neither_lost_nor_done_again(tmp_path, deeds):
    """A process of its own computes run 0 and 1; the jobs of this sweep find the others."""

    def others(workload, job_id):
        for i in (0, 1):
            write_run(Store(workload.folder.study), workload.folder.read_plan().digests[i])
        workload.runs = [2, 3]
        end_with("finished")(workload, job_id)

    deeds["others"] = others
    driver, _ = drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "others"}))
    assert driver.counts() == Counter({"finished by others": 2, "finished": 2})
    assert (driver.remaining(), driver.lost) == ([], {})


def test_what_others_finished_before_does_not_count_as_finished_meanwhile(tmp_path):
    sweep = sweep_of(tmp_path, SEEDS, rerun=True, hardware={"deed": "nothing"})
    for digest in sweep.plan.digests:
        write_run(Store(sweep.study), digest)
    driver, _ = drive(sweep)
    assert driver.counts() == Counter(queued=4)


def other_sweep(study, digests, job_id):
    """A submitted sweep of another launch, with one job."""
    plan = sweep_of(study.parent, SEEDS).plan
    folder = SweepFolder.new(study)
    folder.write_plan(plan)
    runs = [plan.index[digest] for digest in digests]
    folder.save_submission(Submission(InProcess.scheduler, "here", [Job(job_id, runs)]))
    return folder


def test_runs_that_another_sweep_computes_are_waited_for(tmp_path, monkeypatch):
    sweep = sweep_of(tmp_path, SEEDS)
    theirs = sweep.plan.digests[:2]
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=(10,))
    thread.start()
    monkeypatch.setitem(InProcess.threads_of_jobs, "theirs", thread)
    folder = other_sweep(sweep.study, theirs, "theirs")

    def finish(driver):
        assert driver.claimed_by_others == set(theirs)
        for digest in theirs:
            write_run(Store(sweep.study), digest, sweep=folder.name)
        go_on.set()

    driver, _ = drive(sweep, finish)
    assert attempts(sweep) == [["finished"]] * 4
    assert driver.counts() == Counter({"finished": 2, "finished by others": 2})


def test_a_launch_waits_even_if_others_compute_all_of_its_runs(tmp_path, monkeypatch):
    sweep = sweep_of(tmp_path, SEEDS)
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=(10,))
    thread.start()
    monkeypatch.setitem(InProcess.threads_of_jobs, "theirs", thread)
    folder = other_sweep(sweep.study, sweep.plan.digests, "theirs")

    def finish(driver):
        for digest in sweep.plan.digests:
            write_run(Store(sweep.study), digest, sweep=folder.name)
        go_on.set()

    driver, _ = drive(sweep, finish)
    assert driver.counts() == Counter({"finished by others": 4})
    assert not driver.sweep.folder.path.exists()


def test_runs_that_have_ended_in_another_sweep_are_not_waited_for(tmp_path, monkeypatch):
    sweep = sweep_of(tmp_path, SEEDS)
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=(10,))
    thread.start()
    monkeypatch.setitem(InProcess.threads_of_jobs, "theirs", thread)
    folder = other_sweep(sweep.study, sweep.plan.digests[:2], "theirs")
    write_run(Store(sweep.study), sweep.plan.digests[0], "failed", sweep=folder.name)
    claimed = []

    def look(driver):
        claimed.append(set(driver.claimed_by_others))
        go_on.set()

    driver, _ = drive(sweep, look)
    assert claimed == [{sweep.plan.digests[1]}]
    assert driver.counts() == Counter(finished=4)


def test_runs_that_another_sweep_gives_up_are_done_after_it(tmp_path, monkeypatch):
    sweep = sweep_of(tmp_path, SEEDS)
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, args=(10,))
    thread.start()
    monkeypatch.setitem(InProcess.threads_of_jobs, "theirs", thread)
    other_sweep(sweep.study, sweep.plan.digests[:2], "theirs")
    driver, view = drive(sweep, lambda driver: go_on.set())
    assert driver.counts() == Counter(finished=4)
    assert view.counts[0]["queued"] == 2


def test_a_single_run_of_another_process_is_waited_for(tmp_path):
    sweep = sweep_of(tmp_path, SEEDS[:2])
    others = Store(sweep.study)
    attempt = write_run(others, sweep.plan.digests[0], None)

    def finish(driver):
        assert driver.counts() == Counter(running=1, finished=1)
        end_run(others, attempt)

    driver, _ = drive(sweep, finish)
    assert driver.counts() == Counter({"finished by others": 1, "finished": 1})


def test_a_sweep_that_waits_for_nothing_submits_and_returns(tmp_path, deeds):
    held = threading.Event()
    deeds["hold"] = lambda workload, job_id: held.wait(10)
    hardware = {"wait": False, "deed": "hold", **THREADED}
    driver, view = drive(sweep_of(tmp_path, SEEDS, hardware=hardware))
    assert view.counts == []
    assert [job.runs for job in driver.jobs] == [(0, 1, 2, 3)]
    assert len(driver.sweep.folder.submissions()) == 1
    again, _ = drive(sweep_of(tmp_path, SEEDS, hardware=hardware))
    assert (again.jobs, len(again.claimed_by_others)) == ({}, 4)
    held.set()


def interrupt(driver):
    """As Ctrl-C does; the handler of the signal is whatever an earlier test has set."""
    raise KeyboardInterrupt


def test_ctrl_c_lets_the_jobs_stop_and_a_second_one_waits_for_nothing(tmp_path, deeds):
    def stoppable(workload, job_id):
        while not workload.folder.stopped:
            time.sleep(0.01)
        time.sleep(0.3)  # until it is cancelled too

    deeds["stoppable"] = stoppable
    sweep = sweep_of(tmp_path, SEEDS, hardware={"deed": "stoppable", **THREADED})
    driver, _ = drive(sweep, interrupt)
    assert driver.stopping
    assert driver.sweep.folder.stopped
    assert len(InProcess.cancelled) == 1
    assert driver.remaining() == [0, 1, 2, 3]

    held = threading.Event()
    deeds["held"] = lambda workload, job_id: held.wait(10)
    stubborn = SweepDriver(sweep_of(tmp_path, SEEDS, hardware={"deed": "held", **THREADED}))
    updates = []

    class Impatient:
        def __call__(self, driver):
            updates.append(driver.stopping)
            interrupt(driver)

    stubborn.run(Impatient())
    assert updates == [False, True]
    assert stubborn.jobs == {}
    held.set()


def test_nothing_is_tried_again_after_ctrl_c(tmp_path, deeds):
    def fail_and_stop(workload, job_id):
        end_with("failed")(workload, job_id)
        while not workload.folder.stopped:
            time.sleep(0.01)

    deeds["fail"] = fail_and_stop
    sweep = sweep_of(tmp_path, SEEDS, retry="failed", hardware={"deed": "fail", **THREADED})
    drive(sweep, interrupt)
    assert attempts(sweep) == [["failed"]] * 4


@pytest.mark.parametrize(("status", "kept"), [("finished", False), ("failed", True)])
def test_logs_are_kept_if_a_run_failed(tmp_path, deeds, status, kept):
    def log(workload, job_id):
        workload.folder.logs.mkdir()
        end_with(status)(workload, job_id)

    deeds["log"] = log
    driver, _ = drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "log"}))
    assert driver.sweep.folder.logs.exists() is kept


def test_counts_and_time_left_follow_the_runs(tmp_path, deeds):
    """Runs estimated at 2 s that take 1 s: three that remain take 3 s, one after another."""
    begun, go_on = threading.Event(), threading.Event()

    def deed(workload, job_id):
        plan, store = workload.folder.read_plan(), Store(workload.folder.study)
        sweep = workload.folder.name
        write_run(store, plan.digests[0], sweep=sweep)
        write_run(store, plan.digests[1], None, sweep=sweep)
        begun.set()
        go_on.wait(10)

    def look(driver):
        begun.wait(10)
        driver.status.refresh()
        seen.append((driver.counts(), driver.seconds_left(), len(driver.running())))
        go_on.set()

    deeds["two"] = deed
    seen = []
    drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "two", **THREADED}), look)
    assert seen == [(Counter(finished=1, running=1, queued=2), pytest.approx(3.0), 1)]


def test_other_readers_of_the_store_take_nothing_from_the_driver(tmp_path, deeds):
    """Status and live table read the driver's own store, before it does."""
    deeds["slowly"] = lambda *job: (time.sleep(0.1), end_with("finished")(*job))

    def read(driver):
        for _ in range(30):
            StudyStatus(driver.status.store)
            driver.status.store.records()
            driver.status.store.changes(0)
            time.sleep(0.01)

    sweep = sweep_of(tmp_path, SEEDS, hardware={"deed": "slowly", **THREADED})
    driver, _ = drive(sweep, read)
    assert driver.counts() == Counter(finished=4)
    assert driver.lost == {}


def test_a_submission_that_is_refused_leaves_nothing(tmp_path, monkeypatch):
    def refuse(self, pools, folder):
        raise GrokrfmError("sbatch refuses")

    monkeypatch.setattr(InProcess, "submit", refuse)
    driver = SweepDriver(sweep_of(tmp_path, SEEDS))
    with pytest.raises(GrokrfmError, match="sbatch refuses"):
        driver.run(Watcher())
    assert not driver.sweep.folder.path.exists()
    assert not (driver.sweep.study / "launching").exists()


def test_a_second_submission_that_is_refused_leaves_the_first(tmp_path, monkeypatch, deeds):
    submit, calls = InProcess.submit, []

    def refuse_the_second(self, pools, folder):
        calls.append(pools)
        if len(calls) > 1:
            raise GrokrfmError("sbatch refuses")
        return submit(self, pools, folder)

    monkeypatch.setattr(InProcess, "submit", refuse_the_second)
    deeds["fail"] = end_with("failed")
    driver = SweepDriver(
        sweep_of(tmp_path, SEEDS, retry="failed", hardware={"deed": "fail"})
    )  # fmt: skip
    with pytest.raises(GrokrfmError, match="sbatch refuses"):
        driver.run(Watcher())
    assert driver.sweep.folder.read_plan().digests == driver.sweep.plan.digests


def test_the_reason_of_a_lost_job_outlives_another_launch_that_tidies(tmp_path, deeds):
    def refuse(workload, job_id):
        workload.folder.write_job_error(job_id, "no device")
        workload.folder.clean_up()  # as every launch and grokrfm-status do once its jobs are over

    deeds["refuse"] = refuse
    driver, _ = drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "refuse"}))
    assert list(driver.lost) == ["no device"]


def test_a_plan_that_a_later_sweep_covers_is_removed(tmp_path):
    first, _ = drive(sweep_of(tmp_path, SEEDS[:2]))
    assert first.sweep.folder.planned
    time.sleep(1)  # names of sweeps sort by the second
    second, _ = drive(sweep_of(tmp_path, SEEDS))
    assert not first.sweep.folder.path.exists()
    assert second.sweep.folder.planned


def test_logs_of_a_killed_launch_are_removed_once_its_runs_have_finished(tmp_path):
    """Another launch may finish them, and the next one have nothing to compute."""
    killed = sweep_of(tmp_path, SEEDS[:2])
    killed.folder.write_plan(killed.plan)
    killed.folder.logs.mkdir()
    failed = sweep_of(tmp_path, SEEDS[1:3])
    failed.folder.write_plan(failed.plan)
    failed.folder.logs.mkdir()
    store = Store(killed.study)
    write_run(store, killed.plan.digests[0], sweep=killed.folder.name)
    drive(sweep_of(tmp_path, SEEDS[:1]))
    assert killed.folder.logs.exists()  # one of its runs is lost
    write_run(store, failed.plan.digests[0], "failed", sweep=failed.folder.name)
    for digest in failed.plan.digests:
        write_run(store, digest)
    drive(sweep_of(tmp_path, SEEDS[:1]))
    assert not killed.folder.logs.exists()
    assert failed.folder.logs.exists()
    assert killed.folder.planned


def test_a_pending_job_is_cancelled_once_no_run_waits_to_be_retried_alone(tmp_path, deeds):
    """Preempted after a run had been out of memory, a job retries that run when it starts again."""

    def deed(workload, job_id):
        digest, store = workload.folder.read_plan().digests[0], Store(workload.folder.study)
        error = {"type": OUT_OF_MEMORY, "message": "", "traceback": ""}
        for preempted in (True, False):
            attempt = write_run(store, digest, None, sweep=workload.folder.name)
            store.end(attempt, {}, status="failed", ended=time.time(), error=error, metrics={},
                      features=[])  # fmt: skip
            if preempted:
                time.sleep(0.3)  # several questions to the scheduler
                before.extend(InProcess.cancelled)
        while not InProcess.cancelled:
            time.sleep(0.01)

    class Pending(InProcess):
        @staticmethod
        def active(folder, ids):
            return dict.fromkeys(InProcess.active(folder, ids), "PENDING")

    deeds["preempted"], before = deed, []
    sweep = sweep_of(tmp_path, SEEDS[:1], hardware={"deed": "preempted", **THREADED})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(jobs.BACKENDS, InProcess.scheduler, Pending)
        drive(sweep)
    assert before == []
    assert len(set(InProcess.cancelled)) == 1


def test_a_pool_depends_on_its_driver_only_where_the_command_waits_on_this_machine(tmp_path):
    sweep = sweep_of(tmp_path, SEEDS)
    assert SweepDriver(sweep)._myself is None
    local = sweep_of(tmp_path, SEEDS, hardware={
        "_target_": "grokrfm.launch.local.LocalCPU", "device": "cpu", "threads": 1,
        "wait": True, "run_minutes": None, "slots": 1,
    })  # fmt: skip
    assert SweepDriver(local)._myself == this_process()


def test_the_end_of_the_last_job_is_noticed_soon(tmp_path, deeds, monkeypatch):
    """A pool ends a moment after its last run; the next question may be far away by then."""
    monkeypatch.setattr(driver_module, "SCHEDULER_SECONDS", 60)
    finish = end_with("finished")

    def linger(workload, job_id):
        time.sleep(0.1)  # the driver asks first
        finish(workload, job_id)
        time.sleep(0.1)

    deeds["linger"] = linger
    began = time.monotonic()
    drive(sweep_of(tmp_path, SEEDS, hardware={"deed": "linger", **THREADED}))
    assert time.monotonic() - began < 30
