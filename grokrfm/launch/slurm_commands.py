"""Commands of SLURM: questions, and errors in the answers."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from functools import cache

from grokrfm.checks import GrokrfmError

RESERVED_OPTIONS = frozenset(
    {"array", "error", "job-name", "no-requeue", "open-mode", "output", "requeue", "signal"}
)
"""Options of sbatch by which a sweep is followed and continued."""

UNSUPPORTED_OPTIONS = frozenset(
    {"help", "parsable", "quiet", "test-only", "usage", "verbose", "version", "wait", "wrap"}
)
"""Options of sbatch that describe no job."""

ATTEMPTS = 4
"""Attempts before SLURM counts as down; each command also waits by itself."""

OVER = frozenset(
    {"COMPLETED", "FAILED", "TIMEOUT", "DEADLINE", "OUT_OF_MEMORY"}  # by itself
    | {"CANCELLED", "REVOKED", "PREEMPTED", "BOOT_FAIL", "NODE_FAIL"}
)
"""States of a job that is over, as squeue names them."""


class SchedulerError(GrokrfmError):
    """Refusal of SLURM, or no answer."""


def require_programs() -> None:
    """Raise SchedulerError unless this machine can submit to SLURM."""
    for program in ("sbatch", "squeue", "scontrol"):
        if shutil.which(program) is None:
            raise SchedulerError(
                f"hardware=slurm: there is no {program} on this machine; submit from a login"
                " node of the cluster, or choose hardware=cpu or hardware=local_gpus"
            )


def try_submission(script: str) -> None:
    """Raise SchedulerError if sbatch would refuse a script."""
    tried = subprocess.run(
        ["sbatch", "--test-only"], input=script, capture_output=True, text=True, check=False
    )
    if tried.returncode:
        raise refusal(tried.stderr)


def states_of_jobs(name: str) -> dict[str, str]:
    """Return job → state of the jobs of one name that SLURM remembers."""
    lines = asked("squeue", "-h", "-r", "-t", "all", f"--name={name}", "-o", "%F|%K|%i|%T")
    states: dict[str, str] = {}
    for line in lines.splitlines():
        array, task, job, state = line.split("|")
        states[f"{array}_{task}" if task.isdigit() else job] = state
    return states


def largest_array() -> int:
    """Return the most jobs of an array on this cluster."""
    return max(1, int(configured("MaxArraySize") or 1000))


def refusal(text: str) -> SchedulerError:
    """Return the error for a submission that sbatch refused with some text."""
    return SchedulerError(f"hardware=slurm: sbatch refuses: {_reason(text)}; nothing was submitted")


@cache
def configured(name: str) -> str | None:
    """Return an entry of the cluster's configuration."""
    found = re.search(rf"^{name}\s*=\s*(\S+)", asked("scontrol", "show", "config"), re.M)
    return found and found.group(1)


@cache
def long_options() -> frozenset[str]:
    """Return the long options of sbatch that a sweep may set."""
    listed = re.findall(r"--([a-z][a-z0-9-]+)", asked("sbatch", "--help"))
    return frozenset(listed) - RESERVED_OPTIONS - UNSUPPORTED_OPTIONS


def asked(*command: str) -> str:
    """Return the output of a command of SLURM.

    Raises
    ------
    SchedulerError   if it does not exist, or the controller does not answer
    """
    problem = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = str(error)
            continue
        if done.returncode == 0:
            return done.stdout
        problem = _reason(done.stderr)
    raise SchedulerError(f"hardware=slurm: {command[0]} does not answer: {problem}")


def _reason(output: str) -> str:
    """Return the last error in the output of a command of SLURM."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line or "failure" in line] or lines
    return re.sub(r"^(s\w+: )?(error|fatal): ", "", errors[-1]) if errors else "no reason given"
