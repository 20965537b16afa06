"""Active jobs of a study's sweeps, and the runs that they will compute."""

from __future__ import annotations

from collections.abc import Iterator

from grokrfm.launch.backend import Backend
from grokrfm.launch.local import Local
from grokrfm.launch.slurm import Slurm
from grokrfm.runs.files import warn_skipped
from grokrfm.runs.processes import on_this_host
from grokrfm.runs.record import Record
from grokrfm.runs.study_status import ActiveSweep, StudyStatus
from grokrfm.runs.submission import Job, Submission
from grokrfm.runs.sweep_folder import SweepFolder

BACKENDS: dict[str, type[Backend]] = {one.scheduler: one for one in (Local, Slurm)}


def active_jobs(folder: SweepFolder) -> dict[Job, str]:
    """Return the running and queued jobs of a sweep, with their states.

    Jobs of another host or cluster are known by their heartbeats. If its sweep is withdrawn, they
    are over: those that still run stop as soon as they see it.
    """
    active: dict[Job, str] = {}
    for submission in _submissions(folder):
        if _is_here(submission):
            ids = [job.id for job in submission.jobs]
            states = BACKENDS[submission.scheduler].active(folder, ids)
            active |= {job: states[job.id] for job in submission.jobs if job.id in states}
        elif not folder.withdrawn:
            active |= _elsewhere(folder, submission)
    return active


def _submissions(folder: SweepFolder) -> Iterator[Submission]:
    """Yield the submissions to schedulers that this version knows."""
    for submission in folder.submissions():
        if submission.scheduler in BACKENDS:
            yield submission
        else:
            warn_skipped(f"a submission of {folder.path}", f"scheduler {submission.scheduler!r}")


def _elsewhere(folder: SweepFolder, submission: Submission) -> dict[Job, str]:
    """Return the running and queued jobs of another host or cluster, with their states."""
    name = str(submission.cluster).partition(" ")[0]
    may_start = BACKENDS[submission.scheduler].queues or folder.just_submitted
    active = {}
    for job in submission.jobs:
        if folder.job_is_running(job.id):
            active[job] = f"running on {name}"
        elif may_start and not folder.job_is_claimed(job.id):
            active[job] = f"queued on {name}"
    return active


def cancel_jobs(folder: SweepFolder) -> None:
    """Cancel the running and queued jobs of a sweep on this machine or cluster."""
    for submission in _submissions(folder):
        if _is_here(submission):
            backend = BACKENDS[submission.scheduler]
            ids = list(backend.active(folder, [job.id for job in submission.jobs]))
            if ids:
                backend.cancel(folder, ids)


def active_sweeps(status: StudyStatus, *, tidy: bool = False) -> Iterator[ActiveSweep]:
    """Yield the sweeps of a study that have active jobs.

    Parameters
    ----------
    tidy   True: clean up sweeps without active jobs. Only under the launch lock: a sweep that
           another launch is submitting has no active job yet
    """
    for folder in SweepFolder.all_of(status.store.study):
        jobs = active_jobs(folder)
        if jobs:
            plan = status.plan(folder.name)
            digests = plan.digests if plan else ()
            planned = {digests[i] for job in jobs for i in job.runs if i < len(digests)}
            queued = planned - set(status.outcomes(folder.name))
            yield ActiveSweep(folder.name, jobs, frozenset(queued))
        elif tidy:
            folder.clean_up()


def active_runs(status: StudyStatus, *, tidy: bool = False) -> dict[str, str]:
    """Return digest → its owner: an active sweep, or a process with a single run.

    Parameters
    ----------
    tidy   as for `active_sweeps`
    """
    active = {
        record.digest: _process(record)
        for record in status.running()
        if record.provenance.get("sweep") is None
    }
    for sweep in active_sweeps(status, tidy=tidy):
        active |= dict.fromkeys(sweep.queued, f"the sweep {sweep.name}")
    return active


def _process(record: Record) -> str:
    pid, host = record.provenance["pid"], record.provenance["host"]
    return f"process {pid}" if on_this_host(record.provenance) else f"process {pid} on {host}"


def _is_here(submission: Submission) -> bool:
    return submission.cluster == BACKENDS[submission.scheduler].cluster_name()
