"""The store of a study: append-only segments of JSON lines, one writer per file.

A run leaves a line when it starts, and two in one write when it ends: its history, then its end. A
line that a crash has torn is skipped by readers and can hide no other.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Any

from grokrfm.checks import StoreError
from grokrfm.runs import plans
from grokrfm.runs.record import Record, best_by_digest, still_running
from grokrfm.runs.spec import Spec

log = logging.getLogger(__name__)

_HISTORY = b'{"kind": "history"'
_STARTED = {"attempt", "digest", "started", "config", "facts", "provenance"}
_ENDED = {"attempt", "status", "ended", "metrics", "features"}


class Store:
    """The records of one study folder; reads what is new at every call.

    Parameters
    ----------
    study : Path   the folder; made when the first record is written
    """

    def __init__(self, study: Path) -> None:
        self.study = study
        self._offsets: dict[Path, int] = {}
        self._starts: dict[str, Mapping[str, Any]] = {}
        self._ends: dict[str, Mapping[str, Any]] = {}
        self._parts: dict[str, Any] = {}

    def records(self) -> list[Record]:
        """Every attempt, in the order of their starts, without histories."""
        self.refresh()
        starts = sorted(self._starts.values(), key=lambda start: start["started"])
        return [_record(start, self._ends.get(start["attempt"])) for start in starts]

    def unended(self) -> list[Record]:
        """The attempts that are running or lost."""
        self.refresh()
        return [_record(s, None) for name, s in self._starts.items() if name not in self._ends]

    def refresh(self) -> list[Record]:
        """Read what was written since the last call: the attempts that have started or ended."""
        changed: dict[str, None] = {}
        for path in self._segments():
            offset = self._offsets.get(path, 0)
            if path.stat().st_size == offset:
                continue
            with path.open("rb") as file:
                file.seek(offset)
                for line in _whole_lines(file):
                    self._offsets[path] = self._offsets.get(path, 0) + len(line)
                    if not line.startswith(_HISTORY) and (attempt := self._take(line, path)):
                        changed[attempt] = None
        known = [attempt for attempt in changed if attempt in self._starts]
        return [_record(self._starts[attempt], self._ends.get(attempt)) for attempt in known]

    def planned(self) -> dict[str, Mapping[str, Any]]:
        """Digest → settings of every run that a sweep of this study plans."""
        found: dict[str, Mapping[str, Any]] = {}
        for name in plans.names(self.study):
            plan = plans.read(self.study, name)
            found |= dict(zip(plan.digests, plan.settings, strict=True))
        return found

    def histories(self) -> dict[str, Mapping[str, list[Any]]]:
        """The numbers over the iterations, by attempt."""
        found = {}
        for path in self._segments():
            with path.open("rb") as file:
                for line in _whole_lines(file):
                    if line.startswith(_HISTORY) and (entry := _parsed(line, path)):
                        found[entry["attempt"]] = entry["history"]
        return found

    def finished(self, spec: Spec) -> Record | None:
        """A finished record that holds all that `spec` asks for."""
        record = best_by_digest(self.records()).get(spec.digest)
        return record if record and record.satisfies(spec) else None

    def start(self, **start: Any) -> str:
        """Write that a run starts; the fields are those of Record. Returns its attempt."""
        attempt = f"{self._writer.name}#{self._writer.lines}"
        self._writer.append({"kind": "started", "attempt": attempt, **start})
        return attempt

    def end(self, attempt: str, history: Mapping[str, list[Any]], **end: Any) -> None:
        """Write how it ended; the fields are those of Record."""
        self._writer.append(
            {"kind": "history", "attempt": attempt, "history": history},
            {"kind": "ended", "attempt": attempt, **end},
        )

    def _shared(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same settings; parts that other runs have too are the same objects."""
        return {k: self._parts.setdefault(json.dumps(node), node) for k, node in config.items()}

    @cached_property
    def _writer(self) -> _Writer:
        return _Writer(self.study / "segments")

    def _segments(self) -> list[Path]:
        return sorted((self.study / "segments").glob("*.jsonl"))

    def _take(self, line: bytes, path: Path) -> str | None:
        """Keep the entry of a line; returns its attempt if it is one that counts."""
        entry = _parsed(line, path)
        if entry and entry.get("kind") == "started" and set(entry) >= _STARTED:
            self._starts[entry["attempt"]] = {**entry, "config": self._shared(entry["config"])}
        elif entry and entry.get("kind") == "ended" and set(entry) >= _ENDED:
            self._ends[entry["attempt"]] = entry
        else:
            return None
        return str(entry["attempt"])


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
            raise StoreError(_cannot_write(folder, error)) from error

    def append(self, *entries: Mapping[str, Any]) -> None:
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        data = (b"\n" if self._torn else b"") + text.encode("ascii")
        self._torn = True  # until the last byte is on disk
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(_cannot_write(self._path, error)) from error
        self._torn = False
        self.lines += len(entries)


def _cannot_write(path: Path, error: OSError) -> str:
    return (
        f"outputs: {path} cannot be written ({error.strerror}); mend that, or choose another folder"
        " with outputs=PATH"
    )


def _whole_lines(file: Any) -> Iterator[bytes]:
    """The lines that end; what follows the last line end is still being written, or torn."""
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


def _record(start: Mapping[str, Any], end: Mapping[str, Any] | None) -> Record:
    fields = {**start, **(end or {})}
    if end is None:
        fields["status"] = "running" if still_running(start["provenance"]) else "lost"
    known = {name: fields[name] for name in Record.__dataclass_fields__ if name in fields}
    return Record(**{"ended": None, **known})
