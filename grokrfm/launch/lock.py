"""The launch lock of a study: one launch at a time looks at it and submits to it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    while not _taken(path):
        if _is_stale(path):
            path.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            raise StoreError(
                f"{path}: another launch into this study holds the lock; {_holder(path)}"
            )
        else:
            time.sleep(0.2)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _taken(path: Path) -> bool:
    """Take the lock if it is free; written aside, then linked, so that it is never half a file."""
    aside = path.with_name(f".{path.name}-{platform.node()}-{os.getpid()}")
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


def _is_stale(path: Path) -> bool:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return False  # just released
    return not still_running(holder) or (holder["host"] != platform.node() and age > STALE_SECONDS)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "try again"
    return f"it is process {holder['pid']} on {holder['host']}; if that is gone, delete the file"
