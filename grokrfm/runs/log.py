"""Log of a worker: the output of its runs, one part after another, each of bounded size."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from grokrfm.runs.record import Record

LOG = "GROKRFM_LOG"
"""Environment variable of a worker: the first byte of the part of its run, and its log."""

KEPT = 2_000_000
"""Bytes of output that a log keeps from the start of a run, and at least as many from its end."""

TAIL_LINES = 20
SHOWN = 1_000_000
"""Bytes at the end of a part that are read; all of nearly every part."""


class WorkerLog:
    """Writer of a log.

    Parameters
    ----------
    path : Path   continued if it exists
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._file = path, path.open("a+b", buffering=0)
        self._start, self._cut, self._notice = self._size(), 0, b""

    def start_part(self) -> str:
        """Start the part of the next run, and return its value of LOG."""
        self._start, self._cut, self._notice = self._size(), 0, b""
        place = f"{self._start} {self._path}"
        # A line of its own keeps the parts of silent runs apart.
        self.write(time.strftime("--- %Y-%m-%d %H:%M:%S ---\n").encode())
        self._start = self._size()
        return place

    def write(self, data: bytes) -> None:
        """Append output; the middle of a part that is too long is cut out."""
        with suppress(OSError):  # a full disk stops no run
            self._file.write(data)
            if self._size() > self._start + 3 * KEPT:
                self._cut_middle()

    def tail(self) -> str:
        """Return the last lines of the current part."""
        with self._path.open("rb") as file:  # also after `close`
            file.seek(max(self._start, file.seek(0, os.SEEK_END) - 20_000))
            text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])

    def close(self) -> None:
        self._file.close()

    def _cut_middle(self) -> None:
        first, last = self._start + KEPT, self._size() - KEPT
        kept = os.pread(self._file.fileno(), KEPT, last)
        self._cut += last - first - len(self._notice)
        self._notice = (
            f"\n[... {self._cut / 1e6:.0f} MB cut here: a log keeps the first and the last"
            f" {KEPT / 1e6:.0f} MB that a run prints ...]\n"
        ).encode()
        self._file.truncate(first)
        self._file.write(self._notice + kept)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


def part_of_this_run(study: Path) -> tuple[str | None, int]:
    """Return the log of this process, relative to its study, and the start of its run's part."""
    start, _, path = os.environ.get(LOG, "").partition(" ")
    return (os.path.relpath(path, study), int(start)) if path else (None, 0)


def read_part(study: Path, record: Record, records: Iterable[Record]) -> tuple[Path, str] | None:
    """Return the log of a run and the run's part of it.

    None without a log below the study: a record may come from somebody else and name any file.

    Parameters
    ----------
    records   of the study; they say where the next part starts
    """
    log, start = record.provenance.get("log") or "", record.log_start
    with suppress(OSError, ValueError):  # ValueError: the path of no file
        path = (study / log).resolve()
        if path.is_relative_to(study.resolve()) and path.is_file():
            starts = (other.log_start for other in records if other.provenance.get("log") == log)
            end = min([path.stat().st_size, *(other for other in starts if other > start)])
            with path.open("rb") as file:
                file.seek(max(min(start, end), end - SHOWN))
                return path, file.read(end - file.tell()).decode(errors="replace")
    return None
