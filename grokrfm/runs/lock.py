"""The launch lock of a study: only one launch at a time reads its state and submits."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from grokrfm.checks import StoreError
from grokrfm.runs.files import cannot_write
from grokrfm.runs.processes import still_running, this_process

STALE_SECONDS = 600
"""Age at which a lock of another host is broken; a submission takes seconds."""


@contextmanager
def launch_lock(study: Path, wait_seconds: float = 120) -> Iterator[None]:
    """Hold the study's launch lock: a file made exclusively, which works over NFS too.

    Raises
    ------
    StoreError   if another launch holds it for too long, or the folder cannot be written
    """
    path = study / "launching"
    deadline = time.monotonic() + wait_seconds
    while not _made(path):
        holder = _holder(path)
        if holder and _is_stale(path, holder):
            _remove(path, holder)
        elif time.monotonic() > deadline:
            remedy = "try again"
            if holder:
                named = f"process {holder['pid']} on {holder['host']}"
                remedy = f"it is {named}; if that has ended, delete the file"
            raise StoreError(f"{path}: another launch into this study holds the lock; {remedy}")
        else:
            time.sleep(0.2)
    try:
        yield
    finally:
        _remove(path, this_process())


def _made(path: Path) -> bool:
    """Make the lock if it is free; written aside, then linked, so that it is never half a file."""
    aside = _aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(this_process()), encoding="utf-8")
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    finally:
        aside.unlink(missing_ok=True)
    return True


def _remove(path: Path, holder: Mapping[str, Any]) -> None:
    """Remove the lock of a process; another launch may have replaced it meanwhile."""
    aside = _aside(path)
    with suppress(FileNotFoundError):
        path.rename(aside)  # of several launches at once, one succeeds
        if _holder(aside) != holder:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _holder(path: Path) -> Mapping[str, Any] | None:
    """Return the process that holds the lock, if one does."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _is_stale(path: Path, holder: Mapping[str, Any]) -> bool:
    """True if the holder has ended; for a holder on another host, if the lock is too old."""
    if holder["host"] != platform.node():
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime > STALE_SECONDS
    return not still_running(holder)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}-{platform.node()}-{os.getpid()}")
