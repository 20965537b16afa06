"""Active jobs of a study's sweeps, and the runs that they will compute."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from grokrfm.launch.backend import Backend
from grokrfm.launch.local import Local
from grokrfm.launch.slurm import Slurm
from grokrfm.runs.study_status import ActiveSweep, StudyStatus
from grokrfm.runs.sweep_folder import Job, Submission, SweepFolder

BACKENDS: dict[str, type[Backend]] = {one.scheduler: one for one in (Local, Slurm)}


def active_jobs(folder: SweepFolder) -> dict[Job, str]:
    """Return the running and queued jobs of a sweep, with their states.

    Jobs of another machine or cluster count as active, since they cannot be followed from here.
    """
    active: dict[Job, str] = {}
    for submission in folder.submissions():
        if not _is_here(submission):
            active |= dict.fromkeys(submission.jobs, f"on {submission.cluster}")
            continue
        ids = [job.id for job in submission.jobs]
        states = BACKENDS[submission.scheduler].active(folder, ids)
        active |= {job: states[job.id] for job in submission.jobs if job.id in states}
    return active


def cancel_jobs(folder: SweepFolder) -> None:
    """Cancel the running and queued jobs of a sweep on this machine or cluster."""
    for submission in folder.submissions():
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
            plan = folder.plan()
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
        record.digest: f"process {record.provenance['pid']}"
        for record in status.running()
        if record.provenance.get("sweep") is None
        and record.provenance.get("host") == platform.node()  # others cannot be checked
    }
    for sweep in active_sweeps(status, tidy=tidy):
        active |= dict.fromkeys(sweep.queued, f"the sweep {sweep.name}")
    return active


def _is_here(submission: Submission) -> bool:
    return submission.cluster == BACKENDS[submission.scheduler].cluster_name()
