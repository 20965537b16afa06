"""The launch lock of a study: one holder at a time, whatever became of the last one."""

import json
import os
import threading
import time

import pytest

from grokrfm.checks import StoreError
from grokrfm.runs import heartbeat, lock
from grokrfm.runs.heartbeat import SILENCE_SECONDS
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.processes import this_process

GONE = {**this_process(), "process_start": "an earlier process with this number"}
ELSEWHERE = {"host": "another", "pid": 7, "process_start": "1"}


def hold(study, holder, age=0.0):
    """Leave the lock of another process, so many seconds old."""
    path = study / "launching"
    path.write_text(json.dumps(holder), encoding="utf-8")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_the_lock_is_held_inside_and_gone_afterwards(tmp_path):
    with launch_lock(tmp_path / "study"):
        held = tmp_path / "study" / "launching"
        assert json.loads(held.read_text(encoding="utf-8")) == this_process()
        with pytest.raises(StoreError, match="another launch"), launch_lock(held.parent, 0):
            pass
        assert held.exists()
    assert list(held.parent.iterdir()) == []


def test_the_lock_is_gone_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), launch_lock(tmp_path):
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("holder", "age"), [(GONE, 0), (ELSEWHERE, SILENCE_SECONDS)])
def test_the_lock_of_a_process_that_is_gone_is_broken(tmp_path, holder, age):
    hold(tmp_path, holder, age)
    with launch_lock(tmp_path, 0):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", '{"host": "an', "[1]"])
def test_an_empty_or_torn_lock_is_broken_after_a_minute(tmp_path, text):
    path = hold(tmp_path, ELSEWHERE)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="holds the lock; try again"), launch_lock(tmp_path, 0):
        pass
    os.utime(path, (time.time() - 60, time.time() - 60))
    with launch_lock(tmp_path, 0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_held_for_long_shows_that_its_holder_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: 0.02)
    path = tmp_path / "launching"
    with launch_lock(tmp_path):
        os.utime(path, (0, 0))
        time.sleep(0.2)
        path.write_text(json.dumps(ELSEWHERE), encoding="utf-8")  # as another host sees it
        assert path.stat().st_mtime > 0
        with pytest.raises(StoreError, match="process 7 on another"), launch_lock(tmp_path, 0):
            pass


def test_what_killed_launches_left_half_written_is_removed(tmp_path):
    left, new = (tmp_path / f"launching.host-7-{name}.tmp" for name in ("old", "new"))
    for path, age in ((left, 60), (new, 0)):
        path.touch()
        os.utime(path, (time.time() - age, time.time() - age))
    with launch_lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == [new]  # perhaps of a launch that makes its lock right now


@pytest.mark.parametrize(
    ("holder", "said"),
    [(ELSEWHERE, "process 7 on another"), (this_process(), str(os.getpid()))],
    ids=["elsewhere", "here"],
)
def test_the_lock_of_a_process_that_may_run_is_respected(tmp_path, holder, said):
    path = hold(tmp_path, holder, 40)
    with pytest.raises(StoreError, match=said), launch_lock(tmp_path, 0):
        pass
    assert json.loads(path.read_text(encoding="utf-8")) == holder


def test_a_launch_waits_for_another_one(tmp_path):
    path = hold(tmp_path, ELSEWHERE)
    threading.Timer(0.3, path.unlink).start()
    began = time.monotonic()
    with launch_lock(tmp_path, 10):
        assert time.monotonic() - began > 0.25


def test_a_launch_breaks_no_lock_that_another_launch_has_made_meanwhile(tmp_path, monkeypatch):
    """Two launches find one stale lock; the slower one must not break the faster one's new lock."""
    path = hold(tmp_path, GONE)
    still_running = lock.still_running

    def slowly(*arguments):
        found = still_running(*arguments)
        if not found:  # now the other launch breaks the lock and makes its own
            path.unlink()
            hold(tmp_path, ELSEWHERE)
        return found

    monkeypatch.setattr(lock, "still_running", slowly)
    with pytest.raises(StoreError, match="process 7 on another"), launch_lock(tmp_path, 0):
        pass
    assert json.loads(path.read_text(encoding="utf-8")) == ELSEWHERE
    assert list(tmp_path.iterdir()) == [path]


def test_a_launch_removes_no_lock_but_its_own(tmp_path):
    """A launch that took longer than its lock may be old ends after another one took over."""
    with launch_lock(tmp_path):
        path = hold(tmp_path, ELSEWHERE)
    assert json.loads(path.read_text(encoding="utf-8")) == ELSEWHERE
