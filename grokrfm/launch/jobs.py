"""The jobs of a sweep as its folder remembers them, for whoever asks later."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from grokrfm.runs import plans
from grokrfm.runs.record import still_running
from grokrfm.runs.store import Store

SUBMITIT = "submitit"


@dataclass(frozen=True)
class Job:
    """A pool that was submitted.

    Parameters
    ----------
    id : str      the scheduler's number, such as 123_4; of a local job, the process's
    runs          numbers of the sweep's runs that it is to do
    """

    id: str
    runs: Sequence[int]


class Scheduler(Protocol):
    """Who runs jobs, asked after the fact."""

    def cluster_name(self) -> str | None:
        """The name of what is asked here: this machine, or the cluster; None: there is none."""

    def active(self, folder: Path, ids: Sequence[str]) -> Mapping[str, str]:
        """Job → state of those that run or wait, of a sweep's folder."""

    def cancel(self, folder: Path, ids: Sequence[str]) -> None:
        """End jobs, running or waiting."""


def schedulers() -> Mapping[str, Scheduler]:
    """Every scheduler by its name in a submission."""
    from grokrfm.launch import local, slurm

    return {"local": local.Processes(), "slurm": slurm.Cluster()}


@dataclass(frozen=True)
class Submission:
    """The jobs that one launch submitted together.

    Parameters
    ----------
    scheduler : str   a name in `schedulers()`
    host : str        whose jobs they are: of a machine, or of a cluster
    """

    scheduler: str
    host: str | None
    jobs: Sequence[Job]

    def active(self, folder: Path) -> dict[Job, str]:
        """The jobs that run or wait, with their states.

        Jobs of another host are taken to go on, as nothing is known of them here.
        """
        if not self._is_here:
            return dict.fromkeys(self.jobs, f"on {self.host}")
        states = schedulers()[self.scheduler].active(folder, [job.id for job in self.jobs])
        return {job: states[job.id] for job in self.jobs if job.id in states}

    def cancel(self, folder: Path) -> None:
        """End the jobs, if they are of this host."""
        ids = [job.id for job in self.active(folder)] if self._is_here else []
        if ids:
            schedulers()[self.scheduler].cancel(folder, ids)

    @property
    def _is_here(self) -> bool:
        return self.host == schedulers()[self.scheduler].cluster_name()


def save_submission(folder: Path, submission: Submission) -> None:
    """Write a submission to its sweep's folder."""
    target = folder / f"jobs-{len(list(folder.glob('jobs-*.json')))}.json"
    aside = target.with_suffix(".tmp")
    aside.write_text(json.dumps(asdict(submission)), encoding="utf-8")
    aside.replace(target)


def submissions(folder: Path) -> list[Submission]:
    """The submissions of a sweep whose jobs are not known to be over."""
    found = []
    for path in sorted(folder.glob("jobs-*.json")):
        try:
            held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # removed meanwhile
        jobs = [Job(job["id"], tuple(job["runs"])) for job in held["jobs"]]
        found.append(Submission(held["scheduler"], held["host"], jobs))
    return found


def clean_up(folder: Path) -> None:
    """All jobs of a sweep are over: remove what only they needed."""
    shutil.rmtree(folder / SUBMITIT, ignore_errors=True)
    for path in folder.glob("jobs-*.json"):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / "workers", ignore_errors=True)


@dataclass(frozen=True)
class ActiveSweep:
    """A sweep with jobs that run or wait.

    Parameters
    ----------
    states     job → its state
    waiting    digests of its runs that have not ended in it
    """

    name: str
    states: Mapping[Job, str]
    waiting: frozenset[str]


def active_sweeps(study: Path, store: Store, *, tidy: bool = False) -> Iterator[ActiveSweep]:
    """The sweeps of a study that are in flight.

    Parameters
    ----------
    tidy   whether to remove what those that are over have left; only for who holds the launch
           lock, as what another launch is about to submit looks as if it were over
    """
    from grokrfm.launch.study_workload import ended_attempts

    for path in sorted((study / "sweeps").glob("*/plan.json")):
        folder = path.parent
        states: dict[Job, str] = {}
        for submission in submissions(folder):
            states |= submission.active(folder)
        if not states:
            if tidy:
                clean_up(folder)
            continue
        plan = plans.read(study, folder.name)
        ended = ended_attempts(store.records(), folder.name)
        left = {plan.digests[i] for job in states for i in job.runs} - set(ended)
        yield ActiveSweep(folder.name, states, frozenset(left))


def active_runs(study: Path, store: Store, *, but: str = "", tidy: bool = False) -> dict[str, str]:
    """Digest → who runs it or is going to: a sweep in flight, or a process that runs it alone.

    Parameters
    ----------
    but    a sweep that does not count
    tidy   as for `sweeping`
    """
    held = {
        record.digest: f"process {record.provenance['pid']}"
        for record in store.unended()
        if record.status == "running"
        and record.provenance.get("sweep") is None
        and record.provenance.get("host") == platform.node()  # of others it is not known
    }
    for other in active_sweeps(study, store, tidy=tidy):
        if other.name != but:
            held |= dict.fromkeys(other.waiting, f"the sweep {other.name}")
    return held


def worker_file(folder: Path, job_id: str) -> Path:
    """Where a pool says which process it is."""
    return folder / "workers" / f"{job_id}.json"


def worker_is_running(folder: Path, job_id: str) -> bool:
    """Whether the pool of a local job runs."""
    try:
        held = json.loads(worker_file(folder, job_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return still_running(held)
