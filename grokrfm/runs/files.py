"""Files that are written aside and renamed, so that no reader finds half of one."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO

from grokrfm.checks import StoreError

log = logging.getLogger(__name__)

ASIDE = ".tmp"


def write_aside(target: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file aside, flush it to disk, and rename it.

    Raises
    ------
    StoreError   if the disk is full or the folder cannot be written; `target` is then as it was
    """
    aside = target.with_suffix(f".{platform.node()}-{os.getpid()}{ASIDE}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error


def write_bytes(target: Path, content: bytes) -> None:
    """`write_aside` for content in memory."""

    def write(file: IO[bytes]) -> None:
        file.write(content)

    write_aside(target, write)


def write_text(target: Path, text: str) -> None:
    """`write_aside` for a text."""
    write_bytes(target, text.encode())


def remove_leftovers(target: Path) -> None:
    """Remove temporary files of processes that were killed while they wrote this file."""
    for leftover in target.parent.glob(f"{target.stem}.*{ASIDE}"):
        leftover.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> StoreError:
    """Return the error for the first file of a study that cannot be written."""
    return StoreError(
        f"outputs: {path} cannot be written ({error.strerror or error}); free or mend the disk, or"
        " choose another folder with outputs=PATH"
    )


@cache
def warn_skipped(what: str, reason: str) -> None:
    """Warn, once in a process, that something damaged or foreign was passed over."""
    log.warning("%s skipped: %s", what, reason)
