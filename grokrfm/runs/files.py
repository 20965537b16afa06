"""Files that are written aside and renamed, so that no reader finds half of one."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from grokrfm.checks import StoreError

log = logging.getLogger(__name__)

ASIDE = ".tmp"


def write_aside(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file aside, flush it to disk, and rename it.

    Raises
    ------
    StoreError   if the disk is full or the folder cannot be written; `target` is then as it was
    """
    try:
        with written_aside(target, write) as aside:
            aside.replace(target)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error


@contextmanager
def written_aside(target: Path, write: Callable[[IO[bytes]], object]) -> Iterator[Path]:
    """Give a file beside `target`, written and flushed to disk, to be renamed or linked."""
    aside = name_aside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def name_aside(target: Path) -> Path:
    """Return a new name beside `target`; containers may share the name of a host and a PID."""
    mine = f"{platform.node()}-{os.getpid()}-{os.urandom(3).hex()}"
    return target.with_suffix(f".{mine}{ASIDE}")


def write_bytes(target: Path, content: bytes) -> None:
    """`write_aside` for content in memory."""
    write_aside(target, lambda file: file.write(content))


def write_text(target: Path, text: str) -> None:
    """`write_aside` for a text; its name is flushed to disk too."""
    write_bytes(target, text.encode())
    with suppress(OSError):  # some file systems cannot
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    OSError   if there is none, or it is anything else: a FIFO would block
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is no regular file")
    return path.read_bytes()


def leftovers(target: Path) -> list[Path]:
    """Return temporary files of this file: being written, or left by a process that was killed."""
    return list(target.parent.glob(f"{target.stem}.*{ASIDE}"))


def remove_leftovers(target: Path) -> None:
    """Remove temporary files of processes that were killed while they wrote this file."""
    for leftover in leftovers(target):
        remove(leftover)


def remove(path: Path) -> None:
    """Remove a file, or whatever has its name, if there is any."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_read_only(folder: Path) -> bool:
    """True if no file can be made in a folder."""
    return folder.is_dir() and not os.access(folder, os.W_OK)


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
