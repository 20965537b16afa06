import itertools
import os
import time

import pytest

from grokrfm.runs import heartbeat
from grokrfm.runs.plan import Plan
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import Names
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import ActiveSweep, StudyStatus
from grokrfm.runs.submission import Job
from grokrfm.runs.sweep_folder import SweepFolder

GONE = {"pid": os.getpid(), "process_start": "an earlier process with this number"}


def start(store, digest, **origin):
    return store.start(
        digest=digest,
        started=time.time(),
        config={"seed": 0},
        facts={},
        provenance={**provenance("cpu", 1), **origin},
    )


def end(store, attempt, status="finished", ended=None, seconds=1.0):
    entry = {"status": status, "ended": ended or time.time(), "seconds": seconds}
    store.end(attempt, {}, **entry, metrics={"updates": 1}, features=[])


def add(store, digest, status="finished", **origin):
    end(store, start(store, digest, **origin), status)


def active(*digests, name="s"):
    return ActiveSweep(name, {Job("1", (0,)): "RUNNING"}, frozenset(digests))


@pytest.mark.parametrize("status", ["finished", "failed", "crashed", "interrupted"])
def test_an_attempt_that_ended_gives_its_run_its_state(tmp_path, status):
    store = Store(tmp_path)
    add(store, "d", status)
    assert StudyStatus(store).state("d") == status


def test_a_run_without_an_attempt_is_missing(tmp_path):
    assert StudyStatus(Store(tmp_path)).state("d") == "missing"


def test_a_run_is_running_as_long_as_its_process_and_lost_afterwards(tmp_path):
    store = Store(tmp_path)
    start(store, "alive")
    start(store, "dead", **GONE)
    status = StudyStatus(store)
    assert [status.state(digest) for digest in ("alive", "dead")] == ["running", "lost"]
    assert [record.digest for record in status.running()] == ["alive"]
    assert {record.digest for record in status.unended()} == {"alive", "dead"}


@pytest.mark.parametrize("other", ["host", "boot_id", "pid_namespace"])
def test_an_attempt_on_another_host_is_lost_once_its_heartbeat_is_silent(
    tmp_path, other, monkeypatch
):
    monkeypatch.setattr(heartbeat, "_period", itertools.count().__next__)
    store = Store(tmp_path)
    start(store, "d", **{other: "another", "pid": 2**22 + 1})
    status = StudyStatus(store)
    assert (status.state("d"), store.records()[0].status) == ("running", "running")
    assert len(status.running()) == 1
    [segment] = (tmp_path / "segments").iterdir()
    os.utime(segment, (time.time() - 60, time.time() - 60))
    assert (status.state("d"), store.records()[0].status) == ("lost", "lost")
    assert status.running() == []


def test_an_attempt_of_a_sweep_runs_only_if_the_sweep_has_jobs(tmp_path):
    """Of a process on another host nothing is known; of its job the scheduler knows."""
    store = Store(tmp_path)
    start(store, "d", sweep="s", host="another")
    assert StudyStatus(store).state("d") == "running"  # no scheduler was asked
    assert StudyStatus(store, []).state("d") == "lost"
    assert StudyStatus(store, [active("d")]).state("d") == "running"
    assert StudyStatus(store, [active("d", name="another")]).state("d") == "queued"


def test_a_run_is_named_by_the_settings_that_its_sweep_varies(tmp_path):
    store, settings = Store(tmp_path), [{"task": "t", "seed": seed} for seed in (0, 1)]
    plan = Plan(["d0", "d1"], settings, [1.0, 1.0], [-1, -1], [1, 1], Names())
    SweepFolder(tmp_path, "s").write_plan(plan)
    for digest, sweep in (("d1", "s"), ("d0", None), ("d2", "s")):
        start(store, digest, sweep=sweep)
    labels = map(StudyStatus(store).label, StudyStatus(store).records)
    assert list(labels) == ["seed=1", "run d0", "run d2"]


@pytest.mark.parametrize(
    ("before", "state"),
    [(None, "queued"), ("failed", "queued"), ("interrupted", "queued"), ("finished", "finished")],
)
def test_a_run_of_an_active_sweep_is_queued_unless_it_is_finished(tmp_path, before, state):
    store = Store(tmp_path)
    if before:
        add(store, "d", before)
    assert StudyStatus(store, [active("d")]).state("d") == state
    assert StudyStatus(store, [active("another")]).state("d") == (before or "missing")


def test_a_finished_attempt_is_the_best_and_then_the_latest(tmp_path):
    store = Store(tmp_path)
    for status in ("finished", "failed"):
        add(store, "kept", status)
    for status in ("failed", "interrupted"):
        add(store, "latest", status)
    add(store, "again", "failed")
    start(store, "again")
    status = StudyStatus(store)
    states = {digest: status.state(digest) for digest in ("kept", "latest", "again")}
    assert states == {"kept": "finished", "latest": "interrupted", "again": "running"}


def test_outcomes_and_attempts_of_a_sweep_count_what_ended_in_it(tmp_path):
    store = Store(tmp_path)
    add(store, "d", "failed", sweep="s")
    add(store, "d", "interrupted", sweep="s")
    add(store, "d", "finished", sweep="s")
    add(store, "d", "failed", sweep="another")
    add(store, "alone", "finished")
    start(store, "going", sweep="s")
    status = StudyStatus(store)
    assert {d: record.status for d, record in status.outcomes("s").items()} == {"d": "finished"}
    assert dict(status.attempts("s")) == {"d": 2}
    assert {d: one.status for d, one in status.outcomes("another").items()} == {"d": "failed"}
    assert status.outcomes("a third") == {}


def test_the_outcome_is_the_attempt_that_ended_last_in_whatever_file_it_is(tmp_path):
    """Two workers of a pool: a run out of memory is done again by the other one."""
    writers = [Store(tmp_path) for _ in range(4)]
    attempts = [start(store, "d", sweep="s") for store in writers]
    now = time.time()
    for offset in (2, 3, 1, 0):
        status = "finished" if offset == 3 else "failed"
        end(writers[offset], attempts[offset], status, ended=now + offset)
    reversed_names = sorted((tmp_path / "segments").iterdir())
    assert len(reversed_names) == 4
    assert StudyStatus(Store(tmp_path)).outcomes("s")["d"].status == "finished"
    for path, name in zip(reversed_names, "dcba", strict=True):
        path.rename(path.with_name(f"{name}.jsonl"))
    status = StudyStatus(Store(tmp_path))
    assert status.outcomes("s")["d"].status == "finished"
    assert status.attempts("s") == {"d": 4}


def test_refresh_says_whether_anything_is_new(tmp_path):
    store = Store(tmp_path)
    status = StudyStatus(Store(tmp_path))
    assert status.refresh() is False
    attempt = start(store, "d")
    assert status.refresh() is True
    assert status.state("d") == "running"
    assert status.refresh() is False
    end(store, attempt)
    assert status.refresh() is True
    assert (status.state("d"), status.unended()) == ("finished", [])


def test_readers_of_one_store_take_nothing_from_each_other(tmp_path):
    store = Store(tmp_path)
    add(store, "first")
    one, other = StudyStatus(store), StudyStatus(store)
    add(Store(tmp_path), "second")
    store.records()
    assert one.refresh() is True
    assert other.refresh() is True
    assert set(one.best) == set(other.best) == {"first", "second"}
    changed, cursor = store.changes(0)
    assert [record.digest for record in changed] == ["first", "second"]
    assert store.changes(cursor) == ([], cursor)


def test_the_time_left_follows_the_pace_and_the_runs_at_work(tmp_path):
    """Estimated at 10 s, taken 5 s: 40 s of estimates left take 20 s, or 10 s two at a time."""
    plan = Plan(
        [f"d{i}" for i in range(4)], [{}] * 4, [10.0, 10.0, 20.0, 20.0], [-1] * 4, [1] * 4, Names()
    )
    store = Store(tmp_path)
    remaining = ["d2", "d3"]
    assert StudyStatus(store).seconds_left(plan, remaining) == pytest.approx(40.0)
    end(store, start(store, "d0"), seconds=5.0)
    end(store, start(store, "d1"), status="failed", seconds=100.0)
    assert StudyStatus(store).seconds_left(plan, remaining) == pytest.approx(20.0)
    for digest in remaining:
        start(store, digest)
    assert StudyStatus(store).seconds_left(plan, remaining) == pytest.approx(10.0)
    assert StudyStatus(store).seconds_left(plan, []) == 0.0


def test_withdrawn_plans_are_no_longer_plans(tmp_path):
    plan = Plan(["d0"], [{}], [1.0], [-1], [1], Names())
    for name in ("a", "b"):
        SweepFolder(tmp_path, name).write_plan(plan)
    SweepFolder(tmp_path, "a").withdraw()
    status = StudyStatus(Store(tmp_path))
    assert [found.digests for found in status.plans()] == [["d0"]]
    assert status.plans()[0] is status.plans()[0]
