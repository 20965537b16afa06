"""The folder of one sweep: its plan, submissions, stop file, worker files and logs."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from grokrfm.checks import StoreError
from grokrfm.runs.files import read_bytes, remove, warn_skipped, write_text
from grokrfm.runs.heartbeat import heartbeat, silent
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.plan import Plan
from grokrfm.runs.processes import named_in, still_running
from grokrfm.runs.submission import Submission

SUBMISSION_SECONDS = 3600
"""The longest submission that a job waits for; thousands of job arrays take minutes."""


@dataclass(frozen=True)
class SweepFolder:
    """Owner of the files of a sweep.

    Parameters
    ----------
    study : Path
    name : str    of the sweep, unique in its study; names sort by time
    """

    study: Path
    name: str

    @staticmethod
    def new(study: Path) -> SweepFolder:
        """Return the folder of a new sweep; nothing is made."""
        return SweepFolder(study, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}")

    @staticmethod
    def all_of(study: Path) -> list[SweepFolder]:
        """Return the planned sweeps of a study, oldest first."""
        found = (path.parent.name for path in (study / "sweeps").glob("*/plan.json"))
        return [SweepFolder(study, name) for name in sorted(found)]

    @property
    def path(self) -> Path:
        return self.study / "sweeps" / self.name

    @property
    def logs(self) -> Path:
        """Folder of the output of workers."""
        return self.path / "logs"

    @property
    def submitit(self) -> Path:
        """Folder of submitit's files."""
        return self.path / "submitit"

    @property
    def planned(self) -> bool:
        return self._plan.exists()

    @property
    def withdrawn(self) -> bool:
        """True if the runs of the sweep are no longer planned; finished runs stay."""
        return (self.path / "withdrawn").exists()

    def withdraw(self) -> None:
        (self.path / "withdrawn").touch()

    @property
    def stopped(self) -> bool:
        """True if the worker pools of the sweep must stop."""
        return (self.path / "stop").exists()

    def stop(self) -> None:
        if self.path.exists():
            (self.path / "stop").touch()

    def write_plan(self, plan: Plan) -> None:
        """Write the plan.

        Raises
        ------
        StoreError   if the folder cannot be written
        """
        write_text(self._plan, plan.to_json())

    def read_plan(self) -> Plan:
        """Return the plan.

        Raises
        ------
        StoreError   if it cannot be read
        """
        try:
            return Plan.from_json(read_bytes(self._plan))
        except (OSError, ValueError, RecursionError) as error:
            raise StoreError(f"{self._plan}: cannot be read ({error})") from error

    def plan(self) -> Plan | None:
        """Return the plan; None, with a warning, if it is damaged or of another version."""
        try:
            return self.read_plan()
        except StoreError as error:
            warn_skipped(f"plan of the sweep {self.name}", str(error))
            return None

    def save_submission(self, submission: Submission) -> None:
        """Write a further submission."""
        number = len(list(self.path.glob("jobs-*.json")))
        write_text(self.path / f"jobs-{number}.json", json.dumps(asdict(submission)))

    def submissions(self) -> list[Submission]:
        """Return the submissions whose jobs are not known to be over."""
        found = []
        for path in sorted(self.path.glob("jobs-*.json")):
            try:
                found.append(Submission.decode(read_bytes(path)))
            except FileNotFoundError:
                continue  # removed meanwhile
            except (OSError, ValueError, RecursionError) as error:
                warn_skipped(str(path), str(error))
        return found

    @property
    def just_submitted(self) -> bool:
        """True if a submission is so young that its jobs on another host may not run yet."""
        return not all(map(silent, self.path.glob("jobs-*.json")))

    def has_submitted(self, job_id: str) -> bool:
        """True if a submission names a job; a launch that is still submitting is waited for."""

        def named() -> bool:
            return any(job.id == job_id for one in self.submissions() for job in one.jobs)

        if named():
            return True
        with launch_lock(self.study, SUBMISSION_SECONDS):
            return named()

    def claim_job(self, job_id: str, identity: str) -> bool:
        """Note the process that works for a job; returns True if another one did before."""
        path = self._worker(job_id)
        claimed = path.exists()
        write_text(path, identity)
        return claimed

    def owns_job(self, job_id: str, identity: str) -> bool:
        """True unless the job was started again in another process, or cleaned up."""
        try:
            return self._worker(job_id).read_text(encoding="utf-8") == identity
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def release_job(self, job_id: str, identity: str) -> None:
        """Remove the claim, if it is still that process's."""
        if self.owns_job(job_id, identity):
            remove(self._worker(job_id))

    def job_heartbeat(self, job_id: str) -> AbstractContextManager[None]:
        """Show other hosts that the process which claimed a job runs."""
        return heartbeat(self._worker(job_id))

    def job_is_claimed(self, job_id: str) -> bool:
        return self._worker(job_id).exists()

    def job_is_running(self, job_id: str) -> bool:
        """True if the process that claimed a job runs, on this host or another."""
        claim = self._worker(job_id)
        process = named_in(claim)
        return process is not None and still_running(process, claim)

    def write_job_error(self, job_id: str, message: str) -> None:
        """Write the reason why a job failed, among the logs: `clean_up` does not remove it."""
        write_text(self._error(job_id), message)

    def job_error(self, job_id: str) -> str | None:
        """Return the reason why a job failed, if it is known."""
        path = self._error(job_id)
        return path.read_text(encoding="utf-8") if path.exists() else None

    def write_warning(self, text: str) -> None:
        """Write a warning of this process that the summary of the sweep must show."""
        write_text(self.path / "warnings" / f"{platform.node()}-{os.getpid()}.txt", text)

    def warnings(self) -> list[str]:
        """Return the warnings of all processes, equal ones once."""
        found = sorted(self.path.glob("warnings/*.txt"))
        return list(dict.fromkeys(path.read_text(encoding="utf-8") for path in found))

    def clean_up(self) -> None:
        """Remove the files that only active jobs need."""
        shutil.rmtree(self.submitit, ignore_errors=True)
        for path in self.path.glob("jobs-*.json"):
            remove(path)
        shutil.rmtree(self.path / "workers", ignore_errors=True)

    def remove_logs(self) -> None:
        shutil.rmtree(self.logs, ignore_errors=True)

    def remove(self) -> None:
        """Remove the whole folder."""
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def _plan(self) -> Path:
        return self.path / "plan.json"

    def _worker(self, job_id: str) -> Path:
        return self.path / "workers" / f"{job_id}.json"

    def _error(self, job_id: str) -> Path:
        return self.logs / f"{job_id}.error"
