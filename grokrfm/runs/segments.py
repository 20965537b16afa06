"""Segments: files of lines that one process appends to, each write flushed to disk."""

from __future__ import annotations

import os
import platform
import stat
import time
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from grokrfm.runs.files import cannot_write, warn_skipped
from grokrfm.runs.lines import encoded

CHUNK = 2**20
"""Bytes that are read at a time."""


def segments(folder: Path) -> dict[Path, int]:
    """Return the segments in a folder, with their sizes; anything but a regular file is skipped."""
    found = {}
    for path in sorted(folder.glob("*.jsonl")):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            found[path] = status.st_size
        else:  # such as a FIFO, which would block, or a link out of the study
            warn_skipped(str(path), "it is no regular file")
    return found


def read_lines(path: Path, offset: int, keep: Callable[[bytes], None]) -> int:
    """Give each complete line from an offset to `keep`; return the offset behind the last.

    The rest is still being written, or torn. A line that `keep` refuses with a ValueError is
    skipped with a warning, like a file that cannot be read.
    """
    refused, first = 0, ""
    try:
        with path.open("rb", buffering=CHUNK) as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                if not line.isspace():
                    try:
                        keep(line)
                    except (ValueError, RecursionError) as error:
                        refused, first = refused + 1, first or str(error)
    except OSError as error:
        warn_skipped(str(path), f"it cannot be read ({error.strerror or error})")
    if refused:
        lines = "1 line" if refused == 1 else f"{refused} lines"
        warn_skipped(f"{path}: {lines}", first)
    return offset


class Writer:
    """Writer of one segment in each of some folders.

    Parameters
    ----------
    study : Path   the folder above them

    Attributes
    ----------
    name    of the segments, unique in the study
    lines   written so far
    """

    def __init__(self, study: Path) -> None:
        self.name = f"{platform.node()}-{os.getpid()}-{time.time_ns():x}"
        self.lines = 0
        self._study = study
        self._files: dict[str, _File] = {}

    def append(self, folder: str, entry: Mapping[str, Any]) -> None:
        """Append an entry as a line to the segment in a folder.

        Raises
        ------
        StoreError   if the disk is full or the folder cannot be written
        """
        if folder not in self._files:
            self._files[folder] = _File(self._study / folder / f"{self.name}.jsonl")
        self._files[folder].append(encoded(entry))
        self.lines += 1


class _File:
    def __init__(self, path: Path) -> None:
        self._path, self._torn = path, False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = FileIO(path, "xb")
        except OSError as error:
            raise cannot_write(path.parent, error) from error

    def append(self, line: bytes) -> None:
        data = (b"\n" if self._torn else b"") + line
        self._torn = True  # until the last byte is on disk
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._torn = False
