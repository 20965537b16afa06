"""Heartbeats: what other hosts see of a process, whatever the clocks say."""

import os
import time

import pytest

from grokrfm.checks import SettingError
from grokrfm.runs import heartbeat
from grokrfm.runs.heartbeat import BEATS, SILENCE, SILENCE_SECONDS, silent, silent_lately


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    return path


def touch(path, age):
    now = time.time()
    os.utime(path, (now - age, now - age))


@pytest.mark.parametrize(
    ("age", "found"), [(0, False), (40, False), (SILENCE_SECONDS, True), (1e6, True)]
)
def test_a_file_that_was_not_touched_for_the_stated_time_is_silent(file, age, found):
    touch(file, age)
    assert silent(file) is found


def test_a_time_in_the_future_is_a_wrong_clock_and_no_heartbeat(file):
    touch(file, -3600)
    assert silent(file)


@pytest.mark.parametrize("name", ["none", "no/folder", "n\0ul", "n" * 300])
def test_what_does_not_exist_is_silent(tmp_path, name):
    assert silent(tmp_path / name)


def test_a_fifo_in_a_study_from_elsewhere_blocks_nobody(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert silent(tmp_path / "fifo") is False


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_the_clock_of_this_host_counts_for_nothing(file, monkeypatch, jump):
    now = time.time
    old = file.with_name("old")
    old.touch()
    touch(old, SILENCE_SECONDS)
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert not silent(file)
    assert silent(old)
    assert sorted(file.parent.iterdir()) == [file, old]


def test_where_nothing_can_be_written_the_clock_of_this_host_counts(tmp_path):
    assert heartbeat._now(tmp_path / "no folder", 0) == pytest.approx(time.time(), abs=5)


def test_a_process_touches_its_file_again_and_again_until_it_is_done(file, monkeypatch):
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: 0.02)
    with heartbeat.heartbeat(file):
        for _ in range(2):
            touch(file, 1e6)
            time.sleep(0.3)
            assert file.stat().st_mtime > time.time() - 100
    time.sleep(0.1)
    touch(file, 1e6)
    time.sleep(0.1)
    assert file.stat().st_mtime < time.time() - 100


def test_a_process_never_touches_a_file_that_has_replaced_its_own(file, monkeypatch):
    monkeypatch.setattr(heartbeat, "beat_seconds", lambda: 0.02)
    with heartbeat.heartbeat(file):
        theirs = file.with_name("theirs")
        theirs.touch()
        touch(theirs, 1e6)
        theirs.rename(file)
        time.sleep(0.1)
        assert file.stat().st_mtime < time.time() - 100


def test_a_file_is_looked_at_once_between_two_heartbeats(file, monkeypatch):
    monkeypatch.setattr(heartbeat, "_period", lambda: 1)
    assert not silent_lately(file)
    touch(file, 1e6)
    assert not silent_lately(file)
    monkeypatch.setattr(heartbeat, "_period", lambda: 2)
    assert silent_lately(file)


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "nan"])
def test_the_stated_time_can_be_set_to_a_positive_number_only(monkeypatch, text):
    heartbeat.beat_seconds.cache_clear()
    monkeypatch.setenv(SILENCE, "24")
    assert heartbeat.beat_seconds() == 24 / BEATS
    heartbeat.beat_seconds.cache_clear()
    monkeypatch.setenv(SILENCE, text)
    with pytest.raises(SettingError, match="GROKRFM_SILENCE must be a positive number, got"):
        heartbeat.beat_seconds()
