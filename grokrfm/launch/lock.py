"""The launch lock of a study: one launch at a time looks at it and submits to it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    own = json.dumps(this_process())
    deadline = time.monotonic() + wait_seconds
    while not _made(path, own):
        held = _content(path)
        if held and _is_stale(path, held):
            _remove(path, held)
        elif time.monotonic() > deadline:
            raise StoreError(
                f"{path}: another launch into this study holds the lock; {_holder(path)}"
            )
        else:
            time.sleep(0.2)
    try:
        yield
    finally:
        _remove(path, own)


def _made(path: Path, own: str) -> bool:
    """Make the lock if it is free; written aside, then linked, so that it is never half a file."""
    aside = path.with_name(f".{path.name}-{platform.node()}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(own, encoding="utf-8")
        os.link(aside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    finally:
        aside.unlink(missing_ok=True)
    return True


def _remove(path: Path, content: str) -> None:
    """Remove the lock with this content; another launch may have replaced it meanwhile."""
    aside = path.with_name(f".{path.name}-{platform.node()}-{os.getpid()}")
    with suppress(FileNotFoundError):
        path.rename(aside)  # of several launches at once, one succeeds
        if aside.read_text(encoding="utf-8") != content:
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:  # just released
        return ""


def _is_stale(path: Path, content: str) -> bool:
    try:
        holder, age = json.loads(content), time.time() - path.stat().st_mtime
    except (OSError, ValueError):
        return False
    return not still_running(holder) or (holder["host"] != platform.node() and age > STALE_SECONDS)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(_content(path))
    except ValueError:
        return "try again"
    return f"it is process {holder['pid']} on {holder['host']}; if that is gone, delete the file"
