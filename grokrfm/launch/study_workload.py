"""The runs of a study as the work of a pool."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
from submitit import JobEnvironment

from grokrfm.checks import StoreError
from grokrfm.launch.jobs import worker_file
from grokrfm.launch.pool import Batch, Death
from grokrfm.launch.worker import Raised
from grokrfm.runs import plans
from grokrfm.runs.provenance import SWEEP, provenance
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store

if TYPE_CHECKING:
    from grokrfm.runs.learner import Observation, Run

STOP = "stop"
"""A file of this name in a sweep's folder stops its pools."""

SUPERSEDED_SECONDS = 10.0
"""How long the earlier process of a job may take to see that there is a later one, and end."""

OUT_OF_MEMORY = ("OutOfMemoryError", "MemoryError", "DefaultCPUAllocator")
ENDED = ("finished", "failed", "crashed")


@dataclass
class StudyWorkload:
    """Some runs of a planned sweep.

    Parameters
    ----------
    study : Path
    sweep : str                name of its plan
    runs : sequence of int     which of the plan, in order
    attempts                   digest → how often it had ended when the job was submitted
    device, threads            as for grokrfm.runs.hardware.Hardware
    run_seconds : float        time limit of one run; None for none
    """

    study: Path
    sweep: str
    runs: Sequence[int]
    attempts: Mapping[str, int]
    device: str
    threads: int
    run_seconds: float | None
    _memory: set[str] = field(default_factory=set)

    def begin(self) -> None:
        os.environ[SWEEP] = self.sweep  # for this process's records, and its workers'
        path = self._worker_file
        path.parent.mkdir(exist_ok=True)
        before = path.exists()
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_text(self._identity, encoding="utf-8")
        aside.replace(path)
        if before:  # on a node cut off from the scheduler, say, it may yet live
            time.sleep(SUPERSEDED_SECONDS)

    def end(self) -> None:
        if not self._superseded():
            self._worker_file.unlink(missing_ok=True)

    def handler(self) -> bytes:
        return cloudpickle.dumps(_Runner(self.study, self.device, self.threads))

    def batches(self) -> list[Batch]:
        ended = self._ended()
        digests = self._plan.digests
        left = [
            i for i in self.runs if ended.get(digests[i], 0) <= self.attempts.get(digests[i], 0)
        ]
        return batched(left, self._plan)

    def item(self, batch: Batch) -> list[tuple[str, Mapping[str, Any]]]:
        return [(self._plan.digests[i], self._plan.settings[i]) for i in batch]

    def seconds(self, batch: Batch) -> float:
        return sum(self._plan.costs[i] for i in batch) + 0.01

    def limit(self, batch: Batch) -> float | None:
        return None if self.run_seconds is None else self.run_seconds * len(batch)

    def on_result(self, batch: Batch, answer: Any) -> list[Batch]:
        if isinstance(answer, Raised):  # before or outside any run: a broken disk, a changed file
            for i in batch:
                self._end_unwritten(i, "failed", answer._asdict())
            return []
        retried = [
            i
            for i, error in zip(batch, answer, strict=True)
            if error in OUT_OF_MEMORY and self._plan.digests[i] not in self._memory
        ]
        self._memory |= {self._plan.digests[i] for i in retried}
        return [(i,) for i in retried]

    def on_death(self, batch: Batch, death: Death) -> None:
        if self._superseded():  # SLURM kills what a node that came back still runs
            return
        error = {"type": "Crash", "message": death.cause, "traceback": death.tail}
        digests = {self._plan.digests[i] for i in batch}
        open_attempts = {
            record.digest: record
            for record in self._store.records()
            if record.digest in digests
            and record.ended is None
            and record.provenance.get("pid") == death.pid
        }
        ended = self._ended()
        for i in batch:
            digest = self._plan.digests[i]
            if digest in open_attempts:
                record = open_attempts[digest]
                self._store.end(record.attempt, {}, **_end(record.started, "crashed", error))
            elif ended.get(digest, 0) <= self.attempts.get(digest, 0):
                self._end_unwritten(i, "crashed", error)

    def stopped(self) -> bool:
        return (plans.folder(self.study, self.sweep) / STOP).exists() or self._superseded()

    def on_error(self, error: Exception) -> None:
        with suppress(OSError):
            self._worker_file.with_suffix(".error").write_text(str(error), encoding="utf-8")

    def result(self) -> None:
        pass

    def __getstate__(self) -> dict[str, Any]:
        kept = dict(self.__dict__)
        for cached in ("_plan", "_store"):
            kept.pop(cached, None)
        return kept

    @cached_property
    def _plan(self) -> plans.SweepPlan:
        return plans.read(self.study, self.sweep)

    @cached_property
    def _store(self) -> Store:
        return Store(self.study)

    @property
    def _worker_file(self) -> Path:
        return worker_file(plans.folder(self.study, self.sweep), JobEnvironment().job_id)

    def _superseded(self) -> bool:
        """Whether the job has started again elsewhere, or is over for all others.

        SLURM may take a node for dead on which the job's processes live on.
        """
        try:
            return self._worker_file.read_text(encoding="utf-8") != self._identity
        except FileNotFoundError:
            return True
        except OSError:
            return False

    @property
    def _identity(self) -> str:
        here = provenance(self.device, self.threads)
        return json.dumps({key: here[key] for key in ("host", "pid", "process_start", "job")})

    def _ended(self) -> dict[str, int]:
        return ended_attempts(self._store.records(), self.sweep)

    def _end_unwritten(self, i: int, status: str, error: Mapping[str, str]) -> None:
        """Record the end of a run whose process has written nothing of it."""
        now = time.time()
        attempt = self._store.start(
            digest=self._plan.digests[i],
            started=now,
            config=self._plan.settings[i],
            facts={"title": "not started"},
            provenance=provenance(self.device, self.threads),
        )
        self._store.end(attempt, {}, **_end(now, status, error))


def batched(runs: Sequence[int], plan: plans.SweepPlan) -> list[Batch]:
    """Runs in order, those that may be computed together gathered at the place of the first."""
    groups: dict[tuple[int, int], list[int]] = {}
    sizes: dict[int, int] = {}
    for i in runs:
        batch = plan.batches[i]
        if batch < 0:
            groups[-1, i] = [i]
            continue
        most = int(plan.settings[i]["rfm"]["batch"])
        taken = sizes.get(batch, 0)
        sizes[batch] = taken + 1
        groups.setdefault((batch, taken // most), []).append(i)
    return [tuple(batch) for batch in groups.values()]


def ended_attempts(records: Sequence[Record], sweep: str) -> dict[str, int]:
    """Digest → how many attempts at it have ended in a sweep."""
    ended: dict[str, int] = {}
    for record in records:
        if record.provenance.get("sweep") == sweep and record.status in ENDED:
            ended[record.digest] = ended.get(record.digest, 0) + 1
    return ended


def _end(started: float, status: str, error: Mapping[str, str]) -> dict[str, Any]:
    now = time.time()
    return {
        "status": status,
        "ended": now,
        "seconds": now - started,
        "metrics": {},
        "features": [],
        "error": dict(error),
    }


class _Runner:
    """What a worker does with the settings of some runs; returns the type of each one's error."""

    def __init__(self, study: Path, device: str, threads: int) -> None:
        self._study, self._device, self._threads = study, device, threads

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In the worker, before its first run, whose time limit should not count the imports."""
        import grokrfm.config  # noqa: F401

        self.__dict__.update(state)

    def __call__(
        self, runs: Sequence[tuple[str, Mapping[str, Any]]], stop_requested: threading.Event
    ) -> list[str | None]:
        import torch

        from grokrfm.config import plan_of_settings
        from grokrfm.runs.hardware import Hardware
        from grokrfm.runs.learner import Run
        from grokrfm.runs.run import execute_together

        planned = []
        for digest, settings in runs:
            one = plan_of_settings(settings)
            if one.spec.digest != digest:
                raise StoreError("a file that the run reads has changed since it was planned")
            planned.append(Run(one.spec, one.experiment, settings))
        hardware = Hardware(self._device, self._threads)
        records = execute_together(planned, self._store, hardware, _Watcher(stop_requested))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # for other processes on the device
        return [record.error["type"] if record.error else None for record in records]

    @cached_property
    def _store(self) -> Store:
        return Store(self._study)


class _Watcher:
    """Leaves a run after the iteration in which it was asked to."""

    def __init__(self, stop_requested: threading.Event) -> None:
        self._stop_requested = stop_requested

    def on_step(self, run: Run, observation: Observation) -> None:
        if self._stop_requested.is_set():
            raise KeyboardInterrupt
