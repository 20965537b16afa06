"""Heartbeats: files that a process touches every few seconds, so that other hosts see it run.

Clocks of hosts differ and jump. So only times of modification are compared, of files of one file
system: over NFS all of them are the server's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryFile

from grokrfm.checks import SettingError, positive

SILENCE = "GROKRFM_SILENCE"
"""Environment variable: seconds without a heartbeat until a process of another host counts as dead.

All hosts that work in a study need the same.
"""

SILENCE_SECONDS = 60.0
"""The same where the variable is not set."""

BEATS = 12
"""Heartbeats in that time."""

MISSED = 10
"""Missing heartbeats that prove a death; the rest of the time is for those who look."""


@cache
def beat_seconds() -> float:
    """Return the time between two heartbeats.

    Raises
    ------
    SettingError   if the environment variable is no positive number
    """
    text = os.environ.get(SILENCE, str(SILENCE_SECONDS))
    try:
        return positive(SILENCE, float(text)) / BEATS
    except ValueError as error:
        raise SettingError(SILENCE, f"must be a positive number, got {text!r}") from error


@contextmanager
def heartbeat(path: Path) -> Iterator[None]:
    """Touch a file regularly, from a thread; never another one that has taken its name."""
    seconds, over = beat_seconds(), threading.Event()
    descriptor = os.open(path, os.O_RDONLY)

    def beat() -> None:
        while not over.wait(seconds):
            with suppress(OSError):  # a file server may be away for a while
                os.utime(descriptor)
        os.close(descriptor)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def silent(path: Path) -> bool:
    """True if a file is missing, or has not been touched for so long that its process is dead.

    A time in the future counts as one in the past: the clock was wrong, and no heartbeat followed.
    """
    try:
        # Opening asks an NFS server for the times; a FIFO of a study from elsewhere must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return True
    try:
        touched = os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)
    return abs(_now(path.parent, _period()) - touched) > MISSED * beat_seconds()


def silent_lately(path: Path) -> bool:
    """`silent`, looked at once between two heartbeats: for a file that is never replaced."""
    return _silent(path, _period())


@lru_cache(maxsize=4096)
def _silent(path: Path, period: int) -> bool:
    return silent(path)


@lru_cache(maxsize=64)
def _now(folder: Path, period: int) -> float:
    """Return the time of a folder's file system; that of this host if nothing can be written."""
    try:
        with TemporaryFile(dir=folder) as probe:
            os.utime(probe.fileno())
            return os.fstat(probe.fileno()).st_mtime
    except OSError:
        return time.time()


def _period() -> int:
    return int(time.monotonic() / beat_seconds())
