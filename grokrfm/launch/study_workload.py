"""Workload of the runs of a study."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import cloudpickle
from submitit import JobEnvironment

from grokrfm.checks import GrokrfmError
from grokrfm.launch.run_handler import RunHandler
from grokrfm.launch.worker import Raised
from grokrfm.launch.workload import Batch, Death, Workload
from grokrfm.runs.plan import Plan
from grokrfm.runs.processes import on_this_host, this_process
from grokrfm.runs.provenance import SWEEP, provenance, scheduler_job
from grokrfm.runs.record import OUT_OF_MEMORY, Record
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import SweepFolder

SUPERSEDED_SECONDS = 10.0
"""Time for the earlier process of a job to detect a later one and to end."""


@dataclass
class StudyWorkload(Workload):
    """Some runs of a sweep.

    Parameters
    ----------
    folder : SweepFolder       of the sweep, with its plan
    runs : sequence of int     indices in the plan, in order
    attempts                   digest → attempts that had ended when the job was submitted
    device, threads            as for grokrfm.runs.hardware.Hardware
    run_seconds : float        time limit of one run; None for none
    """

    folder: SweepFolder
    runs: Sequence[int]
    attempts: Mapping[str, int]
    device: str
    threads: int
    run_seconds: float | None
    _retried: set[str] = field(default_factory=set)

    def begin(self) -> None:
        os.environ[SWEEP] = self.folder.name  # for the records of this process and its workers
        if self.folder.claim_job(self._job, self._identity):
            # the earlier process may still run, such as on a node that SLURM cannot reach
            time.sleep(SUPERSEDED_SECONDS)
        self._heartbeat = ExitStack()
        if self.folder.has_submitted(self._job):
            with suppress(FileNotFoundError):  # another launch has taken the job over
                self._heartbeat.enter_context(self.folder.job_heartbeat(self._job))
        else:  # its launch was killed before it had noted the job: a later one submits the runs
            self.folder.release_job(self._job, self._identity)

    def end(self) -> None:
        self._heartbeat.close()
        self.folder.release_job(self._job, self._identity)

    def handler(self) -> bytes:
        tracker = self._plan.settings[self.runs[0]].get("tracker")
        return cloudpickle.dumps(RunHandler(self.folder, self.device, self.threads, tracker))

    def batches(self) -> list[Batch]:
        self._status.refresh()
        remaining = [i for i in self.runs if not self._has_ended(i)]
        alone = [i for i in remaining if self._plan.digests[i] in self._retried]
        return batched([i for i in remaining if i not in alone], self._plan) + [(i,) for i in alone]

    def item(self, batch: Batch) -> list[tuple[str, Mapping[str, Any]]]:
        return [(self._plan.digests[i], self._plan.settings[i]) for i in batch]

    def seconds(self, batch: Batch) -> float:
        return sum(self._plan.costs[i] for i in batch) + 0.01

    def limit(self, batch: Batch) -> float | None:
        return None if self.run_seconds is None else self.run_seconds * len(batch)

    def on_result(self, batch: Batch, result: Sequence[str | None] | Raised) -> list[Batch]:
        """Retry runs that were out of memory once, each alone.

        Parameters
        ----------
        result   type of each run's error; Raised if the handler itself failed
        """
        if isinstance(result, Raised):  # outside of runs: a full disk, a changed file
            self._status.refresh()
            for i in batch:
                if not self._has_ended(i):
                    self._write_end(i, "failed", result._asdict())
            return []
        digests = self._plan.digests
        retried = [
            i
            for i, error in zip(batch, result, strict=True)
            if error == OUT_OF_MEMORY and digests[i] not in self._retried
        ]
        self._retried |= {digests[i] for i in retried}
        return [(i,) for i in retried]

    def on_death(self, batch: Batch, death: Death) -> None:
        if not self._owns_job:  # the job was requeued while its node was unreachable
            return
        error = {"type": "Crash", "message": death.cause, "traceback": death.tail}
        self._status.refresh()
        unended = {
            record.digest: record
            for record in self._status.unended()
            if record.provenance.get("pid") == death.pid and on_this_host(record.provenance)
        }
        for i in batch:
            record = unended.get(self._plan.digests[i])
            if record or not self._has_ended(i):
                self._write_end(i, "crashed", error, record)

    def stopped(self) -> bool:
        return self.folder.stopped or not self._owns_job

    def on_error(self, error: Exception) -> None:
        with suppress(GrokrfmError):
            self.folder.write_job_error(self._job, str(error))

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @cached_property
    def _plan(self) -> Plan:
        return self.folder.read_plan()

    @cached_property
    def _store(self) -> Store:
        return Store(self.folder.study)

    @cached_property
    def _status(self) -> StudyStatus:
        return StudyStatus(self._store)

    @property
    def _job(self) -> str:
        return str(JobEnvironment().job_id)

    @property
    def _owns_job(self) -> bool:
        return self.folder.owns_job(self._job, self._identity)

    @property
    def _identity(self) -> str:
        return json.dumps({**this_process(), "job": scheduler_job()})

    def _has_ended(self, i: int) -> bool:
        """True if a run has ended since the job was submitted, its retry for memory included."""
        digest = self._plan.digests[i]
        ended = self._status.attempts(self.folder.name).get(digest, 0)
        return ended > self.attempts.get(digest, 0) + (digest in self._retried)

    def _write_end(
        self, i: int, status: str, error: Mapping[str, str], started: Record | None = None
    ) -> None:
        """Record the end of a run that its process did not record.

        Parameters
        ----------
        started   the attempt that ends; None if its process recorded no start either
        """
        now = time.time()
        attempt = started.attempt if started else self._start(i, now)
        seconds = now - started.started if started else 0.0
        end = {"status": status, "ended": now, "seconds": seconds, "error": dict(error)}
        self._store.end(attempt, {}, **end, metrics={}, features=[])

    def _start(self, i: int, now: float) -> str:
        return self._store.start(
            digest=self._plan.digests[i],
            started=now,
            config=self._plan.settings[i],
            facts={"title": "not started"},
            provenance=provenance(self.device, self.threads),
            names=asdict(self._plan.names),
        )


def batched(runs: Sequence[int], plan: Plan) -> list[Batch]:
    """Return the batches of some runs, each at the place of its first run."""
    batches: dict[tuple[int, int], list[int]] = {}
    sizes: dict[int, int] = {}
    for i in runs:
        key = plan.batch_keys[i]
        if key < 0:
            batches[-1, i] = [i]
            continue
        taken = sizes.get(key, 0)
        sizes[key] = taken + 1
        batches.setdefault((key, taken // plan.batch_sizes[i]), []).append(i)
    return [tuple(batch) for batch in batches.values()]
