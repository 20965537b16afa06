"""SweepDriver: submits the runs of a sweep, watches its jobs and retries, until all have ended."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from grokrfm.checks import GrokrfmError
from grokrfm.launch.jobs import BACKENDS, active_jobs, active_runs, cancel_jobs
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.study_workload import StudyWorkload
from grokrfm.launch.sweep import RETRIES, Sweep
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.processes import this_process
from grokrfm.runs.record import OUT_OF_MEMORY, Record
from grokrfm.runs.submission import Job, Submission
from grokrfm.runs.sweep_folder import SweepFolder

POLL_SECONDS = 0.3
SCHEDULER_SECONDS = 3.0


class SweepDriver:
    """Driver of one sweep.

    Attributes
    ----------
    status              of the study
    finished_before     runs that need not be computed
    claimed_by_others   digests that another sweep or process computes, when last checked
    jobs                job → state of the jobs of this sweep that are running or queued
    lost                reason → jobs that ended before their runs did
    stopping : bool     True after Ctrl-C
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.status = sweep.status
        self.status.refresh()
        self.finished_before = sweep.finished(self.status.best)
        self.claimed_by_others: set[str] = set()
        self.jobs: dict[Job, str] = {}
        self.lost: dict[str, list[Job]] = defaultdict(list)
        self.stopping = False
        self._best_before = dict(self.status.best)

    @property
    def outcomes(self) -> Mapping[str, Record]:
        """Digest → the latest attempt that ended in this sweep."""
        return self.status.outcomes(self.sweep.folder.name)

    def run(self, *views: Callable[[SweepDriver], None]) -> None:
        """Drive the sweep until every run has ended or its job is lost, or until Ctrl-C.

        Parameters
        ----------
        views   called several times a second
        """
        submitted: set[int] = set()
        ended_before = 0
        while True:
            with launch_lock(self.sweep.study):
                ready = self._ready()
                ended = sum(self.status.attempts(self.sweep.folder.name).values())
                if ready <= submitted and ended == ended_before:
                    ready = set()  # the last jobs have ended no run: new ones would not either
                if ready:
                    self._submit(sorted(ready))
                    submitted, ended_before = submitted | ready, ended
            if not ready and not self.claimed_by_others:
                break
            if not self.sweep.backend.wait:
                return
            self._watch(views)
            if self.stopping:
                break
        if self.sweep.backend.wait:
            self._tidy(bool(submitted))

    def counts(self) -> Counter[str]:
        """Return state → number of runs: as in StudyStatus, or finished before or by others."""
        running = {record.digest for record in self.running()}
        return Counter(
            self._end(i) or ("running" if digest in running else "queued")
            for i, digest in enumerate(self.sweep.plan.digests)
        )

    def running(self) -> list[Record]:
        """Return the running attempts at runs of this sweep, by any process."""
        index = self.sweep.plan.index
        return [record for record in self.status.running() if record.digest in index]

    def remaining(self) -> list[int]:
        """Return the runs that have neither ended in this sweep nor been finished by others."""
        return [i for i in range(len(self.sweep.plan)) if self._end(i) is None]

    def seconds_left(self) -> float:
        """Estimate the time to the end of the sweep."""
        plan = self.sweep.plan
        return self.status.seconds_left(plan, [plan.digests[i] for i in self.remaining()])

    def _end(self, i: int) -> str | None:
        """Return the state in which a run has ended; None if it remains."""
        digest = self.sweep.plan.digests[i]
        if digest in self.outcomes:
            return self.outcomes[digest].status
        if i in self.finished_before:
            return "already finished"
        best = self.status.best.get(digest)
        if best is not self._best_before.get(digest) and self.sweep.satisfied_by(best, i):
            return "finished by others"  # since this sweep began
        return None

    def _ready(self) -> set[int]:
        """Return the runs to submit now: none that others compute, and none of a lost job."""
        self.status.refresh()
        index, digests = self.sweep.plan.index, self.sweep.plan.digests
        attempts = self.status.attempts(self.sweep.folder.name)
        retried = {
            index[digest]
            for digest, record in self.outcomes.items()
            if record.status in RETRIES[self.sweep.retry] and attempts[digest] < 2
        }
        wanted = set(self.remaining()) | retried
        claimed = active_runs(self.status, tidy=True)
        self.claimed_by_others = {digests[i] for i in wanted if digests[i] in claimed}
        lost = {i for jobs in self.lost.values() for job in jobs for i in job.runs}
        return {i for i in wanted - lost if digests[i] not in claimed}

    def _submit(self, runs: Sequence[int]) -> None:
        plan, backend, folder = self.sweep.plan, self.sweep.backend.resolved(), self.sweep.folder
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
        ended = self.status.attempts(self.sweep.folder.name)
        limit = backend.run_minutes
        return StudyWorkload(
            self.sweep.folder,
            runs,
            {digests[i]: ended.get(digests[i], 0) for i in runs},
            backend.device,
            backend.worker_threads,
            None if limit is None else 60 * limit,
        )

    @property
    def _myself(self) -> Mapping[str, object] | None:
        """Identity of this process, for local pools that must stop when it ends; else None."""
        backend = self.sweep.backend
        return this_process() if backend.wait and backend.scheduler == "local" else None

    def _watch(self, views: Sequence[Callable[[SweepDriver], None]]) -> None:
        """Wait until no job of this sweep is active and no run is claimed by others."""
        asked, pause = 0.0, SCHEDULER_SECONDS
        while True:
            try:
                if self.status.refresh() and not self.remaining():
                    pause = 0.0  # the jobs end within moments: ask soon, and then less often
                if time.monotonic() - asked >= pause:
                    self._ask_scheduler()
                    asked, pause = time.monotonic(), min(pause + POLL_SECONDS, SCHEDULER_SECONDS)
                for view in views:
                    view(self)
                if not self.jobs and not self.claimed_by_others:
                    return
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if self.stopping:  # the second Ctrl-C: return at once
                    cancel_jobs(self.sweep.folder)
                    self.jobs = {}
                    return
                self.stopping = True
                self.claimed_by_others = set()
                self.sweep.folder.stop()
                cancel_jobs(self.sweep.folder)

    def _ask_scheduler(self) -> None:
        """Update the jobs of this sweep, and the runs that others compute."""
        active = active_jobs(self.sweep.folder)
        over = set(self.jobs) - set(active)
        if over:
            self.status.refresh()
            remaining = set(self.remaining())
            for job in over:
                if remaining & set(job.runs):
                    self.lost[self.sweep.folder.job_error(job.id) or "it ended early"].append(job)
        self.jobs = active
        # A process that the scheduler had lost may have done all runs of a requeued job.
        pending = set(active.values()) == {"PENDING"} and self.sweep.retry == "none"
        if pending and not self.remaining() and not self._retried_alone():
            cancel_jobs(self.sweep.folder)
        if self.claimed_by_others and not self.stopping:
            self.claimed_by_others &= active_runs(self.status).keys()

    def _retried_alone(self) -> bool:
        """True if a job may yet retry a run that was out of memory."""
        attempts = self.status.attempts(self.sweep.folder.name)
        return any(
            record.error and record.error["type"] == OUT_OF_MEMORY and attempts[digest] < 2
            for digest, record in self.outcomes.items()
        )

    def _tidy(self, submitted: bool) -> None:
        """Remove the files of jobs, earlier plans that this one covers, and logs of no use.

        That includes those of launches that were killed.

        Parameters
        ----------
        submitted   False if this sweep had nothing to compute: no plan replaces an earlier one
        """
        ours, digests = self.sweep.folder, set(self.sweep.plan.digests)
        with launch_lock(self.sweep.study):
            if submitted:
                ours.clean_up()
            for folder in SweepFolder.all_of(self.sweep.study):
                if folder.submissions() or not (submitted or folder.logs.exists()):
                    continue
                plan = folder.plan()
                if plan is None:  # damaged
                    continue
                planned = set(plan.digests)
                if submitted and folder.name < ours.name and planned <= digests:
                    folder.remove()
                elif self._all_finished(folder, planned):
                    folder.remove_logs()

    def _all_finished(self, folder: SweepFolder, planned: Collection[str]) -> bool:
        """True if the planned runs of a sweep have finished, and none of them failed in it."""
        best, outcomes = self.status.best, self.status.outcomes(folder.name)
        ends = [best.get(digest) for digest in planned] + [*outcomes.values()]
        return all(record is not None and record.status == "finished" for record in ends)
