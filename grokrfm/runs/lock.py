"""The launch lock of a study: only one launch at a time reads its state and submits."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from grokrfm.checks import StoreError
from grokrfm.runs.files import cannot_write, leftovers, name_aside, remove, written_aside
from grokrfm.runs.heartbeat import heartbeat, silent
from grokrfm.runs.processes import named_in, still_running, this_process


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
        holder = named_in(path)
        if holder is not None and not still_running(holder, path):
            _remove(path, holder)
        elif time.monotonic() > deadline:
            remedy = "try again"
            if holder:
                named = f"process {holder.get('pid')} on {holder.get('host')}"
                remedy = f"it is {named}; if that has ended, delete the file"
            raise StoreError(f"{path}: another launch into this study holds the lock; {remedy}")
        else:
            time.sleep(0.2)
    try:
        with heartbeat(path):
            for leftover in filter(silent, leftovers(path)):
                remove(leftover)
            yield
    finally:
        _remove(path, this_process())


def _made(path: Path) -> bool:
    """Make the lock if it is free; written aside, then linked, so that it is never half a file."""
    text = json.dumps(this_process()).encode()
    try:
        with written_aside(path, lambda file: file.write(text)) as aside:
            os.link(aside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    return True


def _remove(path: Path, holder: Mapping[str, Any]) -> None:
    """Remove the lock of a process; another launch may have replaced it meanwhile."""
    aside = name_aside(path)
    with suppress(FileNotFoundError):
        path.rename(aside)  # of several launches at once, one succeeds
        if named_in(aside) != holder:
            with suppress(FileExistsError):
                os.link(aside, path)
        remove(aside)
