"""One launch at a time looks at a study and submits to it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grokrfm.checks import StoreError
from grokrfm.runs.record import process_start, still_running

STALE_SECONDS = 600
"""A lock of another host is broken after so long; a submission takes seconds."""


@contextmanager
def launch_lock(study: Path, wait_seconds: float = 120) -> Iterator[None]:
    """Hold the study's launch lock: a file made exclusively, which works over NFS too.

    Raises
    ------
    StoreError   if another launch keeps it, or the folder cannot be written
    """
    path = study / "launching"
    deadline = time.monotonic() + wait_seconds
    while not _made(path):
        if _is_stale(path):
            path.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            raise StoreError(
                f"{path}: another launch into this study still holds it; {_holder(path)}"
            )
        else:
            time.sleep(0.2)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _made(path: Path) -> bool:
    """Whether the lock is ours now: written aside, then linked, so that it is never half a file."""
    pid = os.getpid()
    holder = {"host": platform.node(), "pid": pid, "process_start": process_start(pid)}
    aside = path.with_name(f".{path.name}-{platform.node()}-{pid}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(holder), encoding="utf-8")
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(
            f"outputs: {path.parent} cannot be written ({error.strerror}); mend that, or choose"
            " another folder with outputs=PATH"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return True


def _is_stale(path: Path) -> bool:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return False  # just given up
    return not still_running(holder) or (holder["host"] != platform.node() and age > STALE_SECONDS)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "try again"
    return f"it is process {holder['pid']} on {holder['host']}; if that is gone, delete the file"
