"""A sweep from its plan to its end: submit what is missing, watch, say how it went."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grokrfm.checks import GrokrfmError, choice
from grokrfm.launch.jobs import (
    Job,
    Submission,
    active_runs,
    clean_up,
    save_submission,
    schedulers,
    submissions,
    worker_file,
)
from grokrfm.launch.lock import launch_lock
from grokrfm.launch.place import Place, View
from grokrfm.launch.planning import Sweep
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.progress import SweepProgress
from grokrfm.launch.study_workload import STOP, StudyWorkload
from grokrfm.runs import plans
from grokrfm.runs.record import best_by_digest, process_start
from grokrfm.runs.store import Store

RETRIES: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "failed": ("failed",),
    "crashed": ("crashed",),
    "all": ("failed", "crashed"),
}
POLL_SECONDS = 0.3
SCHEDULER_SECONDS = 3.0


@dataclass
class SweepDriver:
    """A sweep under way.

    Parameters
    ----------
    sweep : Sweep
    place : Place
    skipped     runs that were finished before
    elsewhere   runs that another sweep has in hand, seen at the last look
    reasons     why jobs were lost, as far as is known → those jobs
    lost        jobs that ended without having done their runs: job → state
    states      jobs of this sweep that run or wait: job → state
    stopping    whether Ctrl-C was heard
    """

    sweep: Sweep
    place: Place
    skipped: set[int] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    lost: set[Job] = field(default_factory=set)
    states: dict[Job, str] = field(default_factory=dict)
    stopping: bool = False
    reasons: dict[str, list[Job]] = field(default_factory=dict)

    @cached_property
    def progress(self) -> SweepProgress:
        return SweepProgress(Store(self.sweep.study), self.sweep.plan.name)

    @property
    def folder(self) -> Path:
        return plans.folder(self.sweep.study, self.sweep.plan.name)

    def run(self, view: View) -> None:
        """Until every run has ended, or its jobs are lost, or Ctrl-C was heard twice."""
        retry = RETRIES[choice("retry", self.sweep.common["retry"], RETRIES)]
        self.skip_finished()
        submitted: set[int] = set()
        ended_before = 0
        while True:
            with launch_lock(self.sweep.study):
                ready = self._ready(retry) - self._lost_runs()
                ended = sum(self.progress.attempts.values())
                if ready <= submitted and ended == ended_before:
                    ready = set()  # a job that does nothing would do nothing again
                if ready:
                    self._submit(sorted(ready))
                    submitted, ended_before = submitted | ready, ended
            if not ready and not self.elsewhere:
                break
            if not self.place.wait:
                return
            self._watch(view)
            if self.stopping:
                break
        if submitted and self.place.wait:
            self._tidy()

    def _tidy(self) -> None:
        """Remove what only the jobs needed, logs in which nothing went wrong, and earlier plans
        of nothing that this one does not plan too."""
        study, ours = self.sweep.study, set(self.sweep.plan.digests)
        with launch_lock(study):
            clean_up(self.folder)
            if not self.left() and all(
                o.status == "finished" for o in self.progress.outcomes.values()
            ):
                shutil.rmtree(self.folder / "logs", ignore_errors=True)
            for name in plans.names(study):
                earlier = plans.folder(study, name)
                if name >= self.sweep.plan.name or submissions(earlier):
                    continue
                if ours >= set(plans.read(study, name).digests):
                    shutil.rmtree(earlier, ignore_errors=True)

    def skip_finished(self) -> None:
        """See which runs are finished already, unless all are to be run again."""
        self.progress.refresh()
        if not self.sweep.common["rerun"]:
            records = best_by_digest(self.progress.store.records())
            self.skipped = self.sweep.satisfied(records)

    def left(self) -> list[int]:
        """The runs that have neither ended in this sweep nor been finished before or elsewhere."""
        again = self.sweep.common["rerun"]
        return [
            i
            for i, digest in enumerate(self.sweep.plan.digests)
            if i not in self.skipped
            and digest not in self.progress.outcomes
            and (again or digest not in self.progress.elsewhere or i in self.incomplete)
        ]

    @cached_property
    def incomplete(self) -> set[int]:
        """Runs finished before without all that is asked for now."""
        before = self.progress.elsewhere
        digests = enumerate(self.sweep.plan.digests)
        return {i for i, digest in digests if digest in before and i not in self.skipped}

    def _ready(self, retry: Sequence[str]) -> set[int]:
        """The runs to submit now; looks at what other sweeps have in hand."""
        self.progress.refresh()
        outcomes, attempts = self.progress.outcomes, self.progress.attempts
        again = {
            self.sweep.plan.index[digest]
            for digest, outcome in outcomes.items()
            if outcome.status in retry and attempts[digest] < 2
        }
        wanted = set(self.left()) | again
        _ = self.incomplete
        held = self._in_hand_elsewhere(tidy=True)
        digests = self.sweep.plan.digests
        self.elsewhere = {digests[i] for i in wanted if digests[i] in held}
        return {i for i in wanted if digests[i] not in held}

    def _submit(self, runs: Sequence[int]) -> None:
        plan, study = self.sweep.plan, self.sweep.study.resolve()
        if not (self.folder / "plan.json").exists():
            plans.write(study, plan)
        costs = [plan.costs[i] for i in runs]
        limit = self.place.run_minutes
        parts = self.place.jobs(runs, costs)
        pools = [
            WorkerPool(
                StudyWorkload(
                    study,
                    plan.name,
                    part,
                    {plan.digests[i]: self.progress.attempts.get(plan.digests[i], 0) for i in part},
                    self.place.device,
                    self.place.sweep_threads,
                    None if limit is None else 60 * limit,
                ),
                self.place.slots_of_a_job(),
                self.folder.resolve() / "logs",
                self.place.minutes,
                self._myself() if self.place.wait and self.place.scheduler == "local" else None,
            )
            for part in parts
        ]
        try:
            submitted = self.place.submit(pools, self.folder.resolve())
        except GrokrfmError:
            if not submissions(self.folder):  # nothing of this sweep will ever run
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        jobs = [Job(job.job_id, tuple(part)) for job, part in zip(submitted, parts, strict=True)]
        here = schedulers()[self.place.scheduler].cluster_name()
        save_submission(self.folder, Submission(self.place.scheduler, here, jobs))
        self.states = dict.fromkeys(jobs, "SUBMITTED")

    def _watch(self, view: View) -> None:
        """Until no job of this sweep goes on, and no run that is wanted is in hand elsewhere."""
        asked = 0.0
        while True:
            try:
                news = self.progress.refresh()
                if time.monotonic() - asked > SCHEDULER_SECONDS or (news and not self.left()):
                    self._look()
                    asked = time.monotonic()
                view.update(self)
                if not self.states and not self.elsewhere:
                    return
                time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if self.stopping:
                    self._kill()
                    return
                self.stopping = True
                self.elsewhere = set()
                if self.folder.exists():  # something was submitted
                    (self.folder / STOP).touch()
                self._cancel()

    def _look(self) -> None:
        """Ask about this sweep's jobs, and see what other sweeps still have in hand."""
        going: dict[Job, str] = {}
        for submission in submissions(self.folder):
            going |= submission.active(self.folder)
        gone = set(self.states) - set(going)
        if gone:
            self.progress.refresh()
            left = set(self.left())
            for job in gone:
                if left & set(job.runs):
                    self.lost.add(job)
                    self._see_why(job)
        self.states = going
        waiting = set(going.values()) == {"PENDING"} and self.sweep.common["retry"] == "none"
        if waiting and not self.left():  # done, by a process on a node that was cut off
            self._cancel()
        if self.elsewhere and not self.stopping:
            self.elsewhere &= self._in_hand_elsewhere(tidy=False)

    def _in_hand_elsewhere(self, tidy: bool) -> set[str]:
        """Digests that others run in the study or will; `tidy` under the launch lock only."""
        sweep = self.sweep
        return set(active_runs(sweep.study, self.progress.store, but=sweep.plan.name, tidy=tidy))

    def _lost_runs(self) -> set[int]:
        return {i for job in self.lost for i in job.runs}

    def _kill(self) -> None:
        """Wait for nothing any more."""
        self._cancel()
        self.states = {}

    def _cancel(self) -> None:
        for submission in submissions(self.folder):
            submission.cancel(self.folder)

    def _see_why(self, job: Job) -> None:
        said = worker_file(self.folder, job.id).with_suffix(".error")
        reason = said.read_text(encoding="utf-8") if said.exists() else "it ended early"
        self.reasons.setdefault(reason, []).append(job)

    def _myself(self) -> Mapping[str, Any]:
        pid = os.getpid()
        return {"host": platform.node(), "pid": pid, "process_start": process_start(pid)}
