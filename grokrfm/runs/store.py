"""The store of a study: append-only segments of JSON lines, one writer per file.

A run writes a line to its segment when it starts, some about its progress, and one when it ends.
Its history comes before its end, in a segment of the same name in histories/, which readers of
records pass by. Readers skip a line that a crash has torn; it can hide no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from grokrfm.checks import StoreError
from grokrfm.runs.heartbeat import heartbeat, silent_lately
from grokrfm.runs.lines import Ended, History, Parts, Progress, Started, Value, decoded, numbers_of
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.processes import still_running
from grokrfm.runs.record import Record, best_of
from grokrfm.runs.segments import Writer, read_lines, segments
from grokrfm.runs.spec import SCHEMA

SEGMENTS, HISTORIES = "segments", "histories"

OUTPUTS = Path("outputs")
"""Folder in which a study is found by its name alone."""

Folders = str | PathLike[str] | Sequence[str | PathLike[str]]


class Store:
    """The records of one study folder; every call reads what is new.

    Parameters
    ----------
    study : Path   the folder; made when the first record is written

    Raises
    ------
    StoreError   when it is read, if only another version of this package wrote it
    """

    def __init__(self, study: Path) -> None:
        self.study = study
        self._offsets: dict[Path, int] = {}
        self._records: dict[str, Record] = {}
        self._ends: dict[str, Ended] = {}  # of attempts whose starts were not read yet
        self._changes: list[str] = []
        self._parts = Parts()
        self._other_schemas: set[str] = set()

    def records(self) -> list[Record]:
        """Return every attempt, in the order of their starts, without histories."""
        self._refresh()
        return sorted(map(self._judged, self._records.values()), key=lambda record: record.started)

    def changes(self, cursor: int) -> tuple[list[Record], int]:
        """Return the attempts that started or ended since `cursor`, and the next cursor.

        The first cursor is 0. Readers with cursors of their own do not disturb each other.
        """
        self._refresh()
        changed = dict.fromkeys(self._changes[cursor:])
        return [self._judged(self._records[attempt]) for attempt in changed], len(self._changes)

    def histories(self) -> dict[str, dict[str, list[Value]]]:
        """Return the numbers of every observation, by attempt."""
        found: dict[str, dict[str, list[Value]]] = {}
        self.each_history(found.__setitem__)
        return found

    def each_history(
        self,
        use: Callable[[str, dict[str, list[Value]]], None],
        attempts: Collection[str] | None = None,
        numbers: Collection[str] | None = None,
    ) -> None:
        """Call `use` with every attempt and the numbers of its observations.

        Parameters
        ----------
        attempts, numbers   those to read; None: all
        """

        def keep(line: bytes) -> None:
            entry = decoded(line)
            if isinstance(entry, History) and (attempts is None or entry.attempt in attempts):
                use(entry.attempt, numbers_of(entry, numbers))

        separate = segments(self.study / HISTORIES)
        written = {path.name for path in separate}
        inline = [path for path in segments(self.study / SEGMENTS) if path.name not in written]
        for path in (*separate, *inline):  # until 2026-11-24 segments held histories too
            read_lines(path, 0, keep)

    def best(self, digest: str) -> Record | None:
        """Return the best record of a run, if there is one."""
        attempts = [record for record in self.records() if record.digest == digest]
        return best_of(attempts) if attempts else None

    def start(self, **start: Any) -> str:
        """Write that a run starts, and return its attempt; the fields are those of Record."""
        attempt = f"{self._writer.name}#{self._writer.lines}"
        self._writer.append(SEGMENTS, {"kind": "started", "attempt": attempt, **start})
        return attempt

    def progress(self, attempt: str, metrics: Mapping[str, Value]) -> None:
        """Write some numbers of an attempt that runs, and the updates made."""
        entry = {"kind": "progress", "attempt": attempt, "metrics": metrics}
        self._writer.append(SEGMENTS, entry)

    def end(self, attempt: str, history: Mapping[str, list[Any]], **end: Any) -> None:
        """Write the end of an attempt; the fields are those of Record."""
        entry = {"kind": "history", "attempt": attempt, "history": history}
        self._writer.append(HISTORIES, entry)
        self._writer.append(SEGMENTS, {"kind": "ended", "attempt": attempt, **end})

    def heartbeat(self) -> AbstractContextManager[None]:
        """Show other hosts that the process runs which has started attempts here."""
        return heartbeat(self._segment(self._writer.name))

    def still_running(self, record: Record) -> bool:
        """True if the process of an attempt may still run, on this host or another."""
        segment = self._segment(record.attempt.rpartition("#")[0])
        return still_running(record.provenance, segment, silent_lately)

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self.study)

    def _refresh(self) -> None:
        with without_garbage_collection():
            for path, size in segments(self.study / SEGMENTS).items():
                offset = self._offsets.get(path, 0)
                if size != offset:
                    self._offsets[path] = read_lines(path, offset, self._keep)
        if self._other_schemas and not self._records:
            raise StoreError(
                f"{self.study}: another version of grokrfm wrote this study (schema"
                f" {', '.join(sorted(self._other_schemas))}, this version reads {SCHEMA}); compute"
                " it again under another study name"
            )

    def _keep(self, line: bytes) -> None:
        entry = decoded(line)
        if isinstance(entry, Started):
            if entry.attempt in self._records:
                raise ValueError(f"the attempt {entry.attempt} has started already")
            self._records[entry.attempt] = self._begun(entry)
            if entry.attempt in self._ends:
                self._end(self._ends.pop(entry.attempt))
        elif isinstance(entry, Ended):
            if entry.attempt not in self._records:
                self._ends[entry.attempt] = entry
                return
            self._end(entry)
        elif isinstance(entry, Progress):
            record = self._records.get(entry.attempt)
            if record is None or record.ended is not None:
                return
            self._records[entry.attempt] = replace(record, metrics=entry.metrics)
        else:
            return
        self._changes.append(entry.attempt)

    def _begun(self, start: Started) -> Record:
        """Return the record of an attempt that has started."""
        parts = self._parts
        provenance = parts.provenance(bytes(start.provenance))
        if (schema := provenance.get("schema")) != SCHEMA:
            self._other_schemas.add(str(schema or 1))
            raise ValueError(f"another version of grokrfm wrote it (schema {schema or 1})")
        facts = parts.facts(bytes(start.facts))
        if not isinstance(facts.get("title"), str):
            facts = {**facts, "title": f"run {start.digest}"}
        return Record(
            digest=start.digest,
            attempt=start.attempt,
            status="running",
            started=start.started,
            ended=None,
            config=parts.config(bytes(start.config)),
            facts=facts,
            provenance=provenance,
            names=parts.names(bytes(start.names)),
            sources=start.sources,
            cost=parts.cost(bytes(start.cost)) or {},
            resumed_at=start.resumed_at,
            log_start=start.log_start,
        )

    def _end(self, end: Ended) -> None:
        self._records[end.attempt] = replace(
            self._records[end.attempt],
            status=end.status,
            ended=end.ended,
            metrics=end.metrics,
            features=end.features,
            seconds=end.seconds,
            predictions=end.predictions,
            error=end.error,
        )

    def _judged(self, record: Record) -> Record:
        """Return a record with its status: one without an end is running or lost."""
        if record.ended is None and not self.still_running(record):
            return replace(record, status="lost")
        return record

    def _segment(self, writer: str) -> Path:
        return self.study / SEGMENTS / f"{Path(writer).name}.jsonl"


def open_stores(studies: Folders) -> list[Store]:
    """Open the stores of one folder or several, each of which must be a study."""
    given = [studies] if isinstance(studies, (str, PathLike)) else list(studies)
    folders = [_named(Path(one)) for one in given]
    for folder in folders:
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise StoreError(f"{folder} {what}; a study is a folder below outputs/")
        if not any((folder / part).is_dir() for part in ("segments", "sweeps")):
            inside = sorted(p.parent.name for p in folder.glob("*/segments"))
            hint = f"; it contains the studies {', '.join(inside)}" if inside else ""
            raise StoreError(f"{folder} is not a study, it has no folder segments/{hint}")
    return [Store(folder) for folder in folders]


def studies_of(outputs: Path) -> list[Path]:
    """Return the studies in a folder."""
    parts = [*outputs.glob("*/segments"), *outputs.glob("*/sweeps")]
    return sorted({path.parent for path in parts})


def _named(study: Path) -> Path:
    """Return the folder of a study that may be given by its name alone."""
    by_name = OUTPUTS / study
    return by_name if not study.exists() and by_name.is_dir() else study
