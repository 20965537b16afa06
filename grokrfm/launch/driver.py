"""SweepDriver: takes a sweep from its plan to its end; submits, watches, retries."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from grokrfm.checks import GrokrfmError
from grokrfm.launch.jobs import BACKENDS, active_jobs, active_runs, cancel_jobs
from grokrfm.launch.lock import launch_lock
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.study_workload import StudyWorkload
from grokrfm.launch.sweep import RETRIES, Sweep
from grokrfm.runs.processes import this_process
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import Job, Submission, SweepFolder

POLL_SECONDS = 0.3
SCHEDULER_SECONDS = 3.0


class View(Protocol):
    """A watcher of a sweep."""

    def update(self, driver: SweepDriver) -> None:
        """Called several times a second."""


class SweepDriver:
    """A sweep under way.

    Attributes
    ----------
    status              of the study
    finished_before     runs that need not be computed
    claimed_by_others   digests that another sweep or process computes, at the last look
    jobs                job → state of those of this sweep that run or wait
    lost                jobs that ended without having done their runs, by the reason
    stopping : bool     True after Ctrl-C
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.status = StudyStatus(Store(sweep.study))
        self.finished_before = sweep.finished(self.status.best)
        self.claimed_by_others: set[str] = set()
        self.jobs: dict[Job, str] = {}
        self.lost: dict[str, list[Job]] = defaultdict(list)
        self.stopping = False
        self._best_before = dict(self.status.best)

    @cached_property
    def folder(self) -> SweepFolder:
        """The folder of the sweep, by its absolute path."""
        return SweepFolder(self.sweep.study.resolve(), self.sweep.name)

    @property
    def outcomes(self) -> Mapping[str, Record]:
        """Digest → the latest attempt that ended in this sweep."""
        return self.status.outcomes(self.sweep.name)

    def run(self, view: View) -> None:
        """Drive until every run has ended, or its job is lost, or after Ctrl-C twice."""
        submitted: set[int] = set()
        ended_before = 0
        while True:
            with launch_lock(self.sweep.study):
                ready = self._ready() - self._lost_runs()
                ended = sum(self.status.attempts(self.sweep.name).values())
                if ready <= submitted and ended == ended_before:
                    ready = set()  # a job that did nothing would do nothing again
                if ready:
                    self._submit(sorted(ready))
                    submitted, ended_before = submitted | ready, ended
            if not ready and not self.claimed_by_others:
                break
            if not self.sweep.backend.wait:
                return
            self._watch(view)
            if self.stopping:
                break
        if submitted and self.sweep.backend.wait:
            self._tidy()

    def counts(self) -> Counter[str]:
        """Return state → number of runs: as in StudyStatus, or finished before or by others."""
        running = {record.digest for record in self.running()}
        states: Counter[str] = Counter()
        for i, digest in enumerate(self.sweep.plan.digests):
            if digest in self.outcomes:
                states[self.outcomes[digest].status] += 1
            elif i in self.finished_before:
                states["already finished"] += 1
            elif self._finished_by_others(i):
                states["finished by others"] += 1
            else:
                states["running" if digest in running else "queued"] += 1
        return states

    def running(self) -> list[Record]:
        """Return the attempts at runs of this sweep that run now, wherever."""
        index = self.sweep.plan.index
        return [record for record in self.status.running() if record.digest in index]

    def remaining(self) -> list[int]:
        """Return the runs that have neither ended in this sweep nor been finished otherwise."""
        return [
            i
            for i, digest in enumerate(self.sweep.plan.digests)
            if i not in self.finished_before
            and digest not in self.outcomes
            and not self._finished_by_others(i)
        ]

    def seconds_left(self) -> float:
        """Estimate the time to the end of the sweep."""
        plan = self.sweep.plan
        return self.status.seconds_left(plan, [plan.digests[i] for i in self.remaining()])

    def _finished_by_others(self, i: int) -> bool:
        """True if another sweep or process has finished a run since this sweep began."""
        digest = self.sweep.plan.digests[i]
        record = self.status.best.get(digest)
        if record is None or record is self._best_before.get(digest):
            return False
        return self.sweep.satisfied_by(record, i)

    def _ready(self) -> set[int]:
        """Return the runs to submit now; notes which ones others compute."""
        self.status.refresh()
        index, digests = self.sweep.plan.index, self.sweep.plan.digests
        attempts = self.status.attempts(self.sweep.name)
        retried = {
            index[digest]
            for digest, record in self.outcomes.items()
            if record.status in RETRIES[self.sweep.retry] and attempts[digest] < 2
        }
        wanted = set(self.remaining()) | retried
        claimed = self._claimed_by_others(tidy=True)
        self.claimed_by_others = {digests[i] for i in wanted if digests[i] in claimed}
        return {i for i in wanted if digests[i] not in claimed}

    def _submit(self, runs: Sequence[int]) -> None:
        plan, backend, folder = self.sweep.plan, self.sweep.backend.resolved(), self.folder
        first = not folder.planned
        if first:
            folder.write_plan(plan)
        parts = backend.jobs(runs, [plan.costs[i] for i in runs])
        pools = [
            WorkerPool(self._workload(part), backend, folder.logs, self._myself) for part in parts
        ]
        try:
            submitted = backend.submit(pools, folder)
        except GrokrfmError:
            if first:  # nothing of this sweep will ever run
                folder.remove()
            raise
        jobs = [Job(job.job_id, tuple(part)) for job, part in zip(submitted, parts, strict=True)]
        cluster = BACKENDS[backend.scheduler].cluster_name()
        folder.save_submission(Submission(backend.scheduler, cluster, jobs))
        self.jobs = dict.fromkeys(jobs, "SUBMITTED")

    def _workload(self, runs: Sequence[int]) -> StudyWorkload:
        backend, digests = self.sweep.backend, self.sweep.plan.digests
        ended = self.status.attempts(self.sweep.name)
        limit = backend.run_minutes
        return StudyWorkload(
            self.folder,
            runs,
            {digests[i]: ended.get(digests[i], 0) for i in runs},
            backend.device,
            backend.worker_threads,
            None if limit is None else 60 * limit,
        )

    @property
    def _myself(self) -> Mapping[str, object] | None:
        """The process without which local pools stop, unless they are detached."""
        backend = self.sweep.backend
        return this_process() if backend.wait and backend.scheduler == "local" else None

    def _watch(self, view: View) -> None:
        """Wait until no job of this sweep is active, and others compute none of its runs."""
        asked = 0.0
        while True:
            try:
                news = self.status.refresh()
                waited = time.monotonic() - asked > SCHEDULER_SECONDS
                if waited or (news and not self.remaining()):
                    self._ask_scheduler()
                    asked = time.monotonic()
                view.update(self)
                if not self.jobs and not self.claimed_by_others:
                    return
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if self.stopping:  # the second time: wait for nothing
                    cancel_jobs(self.folder)
                    self.jobs = {}
                    return
                self.stopping = True
                self.claimed_by_others = set()
                self.folder.stop()
                cancel_jobs(self.folder)

    def _ask_scheduler(self) -> None:
        """Update the jobs of this sweep, and the runs that others compute."""
        active = active_jobs(self.folder)
        gone = set(self.jobs) - set(active)
        if gone:
            self.status.refresh()
            remaining = set(self.remaining())
            for job in gone:
                if remaining & set(job.runs):
                    self.lost[self.folder.job_error(job.id) or "it ended early"].append(job)
        self.jobs = active
        pending = set(active.values()) == {"PENDING"} and self.sweep.retry == "none"
        if pending and not self.remaining():  # done by a process that the scheduler had lost
            cancel_jobs(self.folder)
        if self.claimed_by_others and not self.stopping:
            self.claimed_by_others &= self._claimed_by_others(tidy=False)

    def _claimed_by_others(self, tidy: bool) -> set[str]:
        """Return digests that others compute or will; `tidy` only under the launch lock."""
        return set(active_runs(self.status, but=self.sweep.name, tidy=tidy))

    def _lost_runs(self) -> set[int]:
        return {i for jobs in self.lost.values() for job in jobs for i in job.runs}

    def _tidy(self) -> None:
        """Remove what only the jobs needed, logs without failures, and covered plans."""
        ours = set(self.sweep.plan.digests)
        with launch_lock(self.sweep.study):
            self.folder.clean_up()
            ended = [record.status for record in self.outcomes.values()]
            if not self.remaining() and set(ended) <= {"finished"}:
                self.folder.remove_logs()
            for earlier in SweepFolder.all_of(self.sweep.study):
                over = earlier.name < self.sweep.name and not earlier.submissions()
                if over and ours >= set(earlier.read_plan().digests):
                    earlier.remove()
