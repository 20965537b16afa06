"""The store of a study: append-only segments of JSON lines, one writer per file.

A run writes one line when it starts, and two at once when it ends: its history, then its end.
Readers skip a line that a crash has torn; it can hide no other.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any

from grokrfm.checks import StoreError
from grokrfm.runs.files import cannot_write
from grokrfm.runs.processes import still_running
from grokrfm.runs.record import Names, Record, best_by_digest
from grokrfm.runs.settings import SharedParts
from grokrfm.runs.spec import SCHEMA, Spec

log = logging.getLogger(__name__)

_HISTORY = b'{"kind": "history"'
_STARTED = {"attempt", "digest", "started", "config", "facts", "provenance"}
_ENDED = {"attempt", "status", "ended", "metrics", "features"}


class Store:
    """The records of one study folder; every call reads what is new.

    Parameters
    ----------
    study : Path   the folder; made when the first record is written

    Raises
    ------
    StoreError   when it is read, if another version of this package wrote it
    """

    def __init__(self, study: Path) -> None:
        self.study = study
        self._offsets: dict[Path, int] = {}
        self._starts: dict[str, Mapping[str, Any]] = {}
        self._ends: dict[str, Mapping[str, Any]] = {}
        self._changes: list[str] = []
        self._shared = SharedParts()
        self._names: dict[int, Names] = {}

    def records(self) -> list[Record]:
        """Return every attempt, in the order of their starts, without histories."""
        self._refresh()
        starts = sorted(self._starts.values(), key=lambda start: start["started"])
        return [self._record(start["attempt"]) for start in starts]

    def changes(self, cursor: int) -> tuple[list[Record], int]:
        """Return the attempts that started or ended since `cursor`, and the next cursor.

        The first cursor is 0. Readers with cursors of their own do not disturb each other.
        """
        self._refresh()
        changed = dict.fromkeys(self._changes[cursor:])
        found = [self._record(attempt) for attempt in changed if attempt in self._starts]
        return found, len(self._changes)

    def histories(
        self, numbers: Collection[str] | None = None
    ) -> dict[str, Mapping[str, list[Any]]]:
        """Return the iterations and numbers of every observation, by attempt.

        Parameters
        ----------
        numbers   names of the numbers to keep; None: all
        """
        kept = None if numbers is None else {"iteration", *numbers}
        found = {}
        for path in self._segments():
            with path.open("rb") as file:
                for line in _whole_lines(file):
                    if line.startswith(_HISTORY) and (entry := _parsed(line, path)):
                        history = entry["history"]
                        found[entry["attempt"]] = (
                            history
                            if kept is None
                            else {name: history[name] for name in history if name in kept}
                        )
        return found

    def finished(self, spec: Spec) -> Record | None:
        """Return a finished record with everything that `spec` asks for, if there is one."""
        record = best_by_digest(self.records()).get(spec.digest)
        return record if record and record.satisfies(spec) else None

    def start(self, **start: Any) -> str:
        """Write that a run starts, and return its attempt; the fields are those of Record."""
        attempt = f"{self._writer.name}#{self._writer.lines}"
        self._writer.append({"kind": "started", "attempt": attempt, **start})
        return attempt

    def end(self, attempt: str, history: Mapping[str, list[Any]], **end: Any) -> None:
        """Write the end of an attempt; the fields are those of Record."""
        self._writer.append(
            {"kind": "history", "attempt": attempt, "history": history},
            {"kind": "ended", "attempt": attempt, **end},
        )

    def _refresh(self) -> None:
        for path in self._segments():
            offset = self._offsets.get(path, 0)
            if path.stat().st_size == offset:
                continue
            with path.open("rb") as file:
                file.seek(offset)
                for line in _whole_lines(file):
                    offset += len(line)
                    if not line.startswith(_HISTORY):
                        self._add(line, path)
            self._offsets[path] = offset

    @cached_property
    def _writer(self) -> _Writer:
        return _Writer(self.study / "segments")

    def _segments(self) -> list[Path]:
        return sorted((self.study / "segments").glob("*.jsonl"))

    def _add(self, line: bytes, path: Path) -> None:
        """Keep the entry of a line, if it is the start or the end of a run."""
        entry = _parsed(line, path)
        if entry and entry.get("kind") == "started" and set(entry) >= _STARTED:
            self._check_schema(entry["provenance"].get("schema"))
            names = self._shared({"names": entry.get("names", {})})["names"]
            if id(names) not in self._names:  # a part that is shared keeps its id
                self._names[id(names)] = Names(**names)
            self._starts[entry["attempt"]] = {
                **entry,
                "config": self._shared(entry["config"]),
                "names": self._names[id(names)],
            }
        elif entry and entry.get("kind") == "ended" and set(entry) >= _ENDED:
            self._ends[entry["attempt"]] = entry
        else:
            return
        self._changes.append(entry["attempt"])

    def _check_schema(self, schema: Any) -> None:
        if schema != SCHEMA:
            raise StoreError(
                f"{self.study}: another version of grokrfm wrote this study (schema {schema or 1},"
                f" this version reads {SCHEMA}); compute it again under another study name"
            )

    def _record(self, attempt: str) -> Record:
        start, end = self._starts[attempt], self._ends.get(attempt)
        fields = {**start, **(end or {})}
        if end is None:
            fields["status"] = "running" if still_running(start["provenance"]) else "lost"
        known = {name: fields[name] for name in Record.__dataclass_fields__ if name in fields}
        return Record(**{"ended": None, **known})


class _Writer:
    """Appends lines to a segment of its own, each write flushed to disk."""

    def __init__(self, folder: Path) -> None:
        self.name = f"{platform.node()}-{os.getpid()}-{time.time_ns():x}"
        self.lines = 0
        self._torn = False
        self._path = folder / f"{self.name}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = FileIO(self._path, "xb")
        except OSError as error:
            raise cannot_write(folder, error) from error

    def append(self, *entries: Mapping[str, Any]) -> None:
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        data = (b"\n" if self._torn else b"") + text.encode("ascii")
        self._torn = True  # until the last byte is on disk
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._torn = False
        self.lines += len(entries)


def _whole_lines(file: Any) -> Iterator[bytes]:
    """Yield the complete lines; the rest is still being written, or torn."""
    for line in file:
        if line.endswith(b"\n"):
            yield line


def _parsed(line: bytes, path: Path) -> Mapping[str, Any] | None:
    if not line.strip():
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        log.warning("%s: a line cannot be read and is skipped: %.60r", path, line)
        return None
    return entry if isinstance(entry, dict) else None
