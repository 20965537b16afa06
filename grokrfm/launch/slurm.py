"""Sweeps on a SLURM cluster: arrays of jobs, a pool each, through submitit."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import submitit

from grokrfm.checks import GrokrfmError, SettingError, boolean, integer, nearest, positive
from grokrfm.launch.chunks import chunks
from grokrfm.launch.jobs import SUBMITIT
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.slots import SlotsOfAJob
from grokrfm.runs.hardware import Hardware

WARNING_SECONDS = 60
"""How long before its time limit a job is told, or half a minute earlier, as SLURM looks then."""

RESERVED_OPTIONS = (
    "array",
    "error",
    "job-name",
    "no-requeue",
    "open-mode",
    "output",
    "requeue",
    "signal",
)
"""Options of sbatch by which a sweep is followed and continued."""

UNSUPPORTED_OPTIONS = (
    "help",
    "parsable",
    "quiet",
    "test-only",
    "usage",
    "verbose",
    "version",
    "wait",
    "wrap",
)
"""Options of sbatch that describe no job."""

ATTEMPTS = 4
"""How often SLURM is asked before it counts as down; every program has patience of its own."""

OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
"""States of a job that is over, as squeue names them; all others are of one that is not."""


class SchedulerError(GrokrfmError):
    """SLURM refused, or did not answer."""


@dataclass(frozen=True)
class Slurm(Hardware):
    """A cluster.

    Parameters
    ----------
    threads : int            of a slot; None: the job's processors shared among its slots
    partition, account, qos, constraint : str   as sbatch takes them; None: the cluster's default
    time : int               minutes, the limit of a job
    memory : float           GB of a job
    cpus : int               of a job
    gpus : int               of a job
    slots_per_device : int   runs at a time on each GPU
    parallel : int           jobs that run at a time at the most
    chunk_minutes : float    estimated work in a job
    timeouts : int           how often a job that ran out of time starts again
    setup                    shell commands before the job's process, such as module load
    sbatch                   further options of sbatch by their long names
    wait : bool              whether the command waits for its runs; if not, it submits and returns
    run_minutes : float      time limit of a run; None for none
    """

    scheduler = "slurm"
    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    time: int
    memory: float
    cpus: int
    gpus: int
    slots_per_device: int
    parallel: int
    chunk_minutes: float
    timeouts: int
    setup: Sequence[str]
    sbatch: Mapping[str, Any]
    wait: bool
    run_minutes: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        limit = self.run_minutes
        checked: dict[str, Any] = {
            "time": integer("time", self.time, minimum=1),
            "memory": positive("memory", self.memory),
            "cpus": integer("cpus", self.cpus, minimum=1),
            "gpus": integer("gpus", self.gpus, minimum=0),
            "slots_per_device": integer("slots_per_device", self.slots_per_device, minimum=1),
            "parallel": integer("parallel", self.parallel, minimum=1),
            "chunk_minutes": positive("chunk_minutes", self.chunk_minutes),
            "timeouts": integer("timeouts", self.timeouts, minimum=0),
            "wait": boolean("wait", self.wait),
            "run_minutes": None if limit is None else positive("run_minutes", limit),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not isinstance(self.setup, (list, tuple)) or not all(
            isinstance(line, str) for line in self.setup
        ):
            raise SettingError("setup", f"must be a list of shell commands, got {self.setup!r}")
        if not isinstance(self.sbatch, Mapping):
            raise SettingError(
                "sbatch", f"must be a mapping such as {{nice: 100}}, got {self.sbatch!r}"
            )

    @property
    def minutes(self) -> float:
        return self.time - self._warning_seconds / 60

    @property
    def _warning_seconds(self) -> int:
        return min(WARNING_SECONDS, 20 * self.time)

    @property
    def sweep_threads(self) -> int:
        return self.threads or max(1, self.cpus // max(1, self.gpus * self.slots_per_device))

    def slots_of_a_job(self) -> SlotsOfAJob:
        return SlotsOfAJob(self.gpus, self.slots_per_device, self.cpus, self.sweep_threads)

    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """The runs of each job: so many minutes of estimated work each, in order."""
        seconds = 60 * min(self.chunk_minutes, self.time) * len(self.slots_of_a_job())
        return chunks(runs, costs, seconds)

    def check(self) -> None:
        """Refuse what this cluster would refuse, before anything is written.

        Raises
        ------
        SettingError   naming the setting
        """
        for program in ("sbatch", "squeue", "scontrol"):
            if shutil.which(program) is None:
                raise SchedulerError(
                    f"hardware=slurm: there is no {program} on this machine; submit from a login"
                    " node of the cluster, or choose hardware=cpu or hardware=local_gpus"
                )
        known = _long_options()
        for option in self.sbatch:
            name = str(option).replace("_", "-")
            if name in RESERVED_OPTIONS:
                raise SettingError(f"hardware.sbatch.{option}", "is set by grokrfm itself")
            if name not in known:
                raise SettingError(
                    f"hardware.sbatch.{option}",
                    f"sbatch has no option --{name}; {nearest(name, known)}; it has"
                    f" {', '.join(sorted(known))}",
                )
        partitions = _asked("sinfo", "-h", "-o", "%R").split()
        for one in self.partition.split(",") if self.partition else ():
            if one not in partitions:
                raise SettingError(
                    "hardware.partition", f"there is no partition {one}; {nearest(one, partitions)}"
                )
        text = self.sbatch_text(Path(os.devnull))
        tried = subprocess.run(
            ["sbatch", "--test-only"], input=text, capture_output=True, text=True, check=False
        )
        if tried.returncode:
            raise SchedulerError(_refused(_reason(tried.stderr)))

    def submit(self, pools: Sequence[WorkerPool], folder: Path) -> list[submitit.Job[Any]]:
        """Submit pools as job arrays, each as large as the cluster allows.

        Raises
        ------
        SchedulerError   with what sbatch said
        """
        executor = self.executor(folder)
        largest = largest_array()
        jobs: list[submitit.Job[Any]] = []
        for start in range(0, len(pools), largest):
            try:
                jobs += executor.submit_array(list(pools[start : start + largest]))
            except submitit.core.utils.FailedJobError as error:
                Cluster().cancel(folder, [job.job_id for job in jobs])
                raise SchedulerError(_refused(_reason(str(error)))) from error
        return jobs

    def executor(self, folder: Path) -> submitit.SlurmExecutor:
        executor = submitit.SlurmExecutor(folder / SUBMITIT, max_num_timeout=self.timeouts)
        options: dict[str, Any] = {
            "job_name": _job_name(folder),
            "partition": self.partition,
            "account": self.account,
            "qos": self.qos,
            "constraint": self.constraint,
            "time": self.time,
            "mem": f"{math.ceil(1024 * self.memory)}M",
            "cpus_per_task": self.cpus,
            "gpus_per_node": self.gpus or None,
            "array_parallelism": self.parallel,
            "signal_delay_s": self._warning_seconds,
            "stderr_to_stdout": True,
            "setup": list(self.setup) or None,
            "additional_parameters": {**self.sbatch, "requeue": True},
        }
        executor.update_parameters(**{k: v for k, v in options.items() if v is not None})
        return executor

    def sbatch_text(self, folder: Path) -> str:
        """The script that would be submitted."""
        return self.executor(folder)._make_submission_file_text("COMMAND", "uid")


class Cluster:
    """The jobs of a sweep as SLURM knows them."""

    def cluster_name(self) -> str | None:
        """The cluster's name; None where there is no SLURM."""
        return None if shutil.which("scontrol") is None else _configured("ClusterName")

    def active(self, folder: Path, ids: Sequence[str]) -> dict[str, str]:
        # By name: a number may be given out again, and a study may have jobs of several users.
        name = _job_name(folder)
        lines = _asked("squeue", "-h", "-r", "-t", "all", f"--name={name}", "-o", "%F|%K|%i|%T")
        states: dict[str, str] = {}
        for line in lines.splitlines():
            array, task, job, state = line.split("|")
            states[f"{array}_{task}" if task.isdigit() else job] = state
        return {job: states[job] for job in ids if states.get(job, "COMPLETED") not in OVER}

    def cancel(self, folder: Path, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), 500):
            subprocess.run(["scancel", *ids[start : start + 500]], capture_output=True, check=False)


def largest_array() -> int:
    """How many jobs one array may have on this cluster."""
    return max(1, int(_configured("MaxArraySize") or 1000))


def _refused(reason: str) -> str:
    return f"hardware=slurm: sbatch refuses: {reason}; nothing was submitted"


def _job_name(folder: Path) -> str:
    return f"grokrfm-{folder.name}"


@cache
def _configured(name: str) -> str | None:
    """An entry of the cluster's configuration."""
    found = re.search(rf"^{name}\s*=\s*(\S+)", _asked("scontrol", "show", "config"), re.M)
    return found and found.group(1)


@cache
def _long_options() -> frozenset[str]:
    listed = re.findall(r"--([a-z][a-z0-9-]+)", _asked("sbatch", "--help"))
    return frozenset(listed) - set(RESERVED_OPTIONS) - set(UNSUPPORTED_OPTIONS)


def _asked(*command: str) -> str:
    """What a program of SLURM's prints.

    Raises
    ------
    SchedulerError   if it is not there, or the controller does not answer
    """
    said = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
            continue
        if done.returncode == 0:
            return done.stdout
        said = _reason(done.stderr)
    raise SchedulerError(f"hardware=slurm: {command[0]} does not answer: {said}")


def _reason(said: str) -> str:
    """The last complaint in what a program of SLURM's prints."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line or "failure" in line] or lines
    return re.sub(r"^(s\w+: )?(error|fatal): ", "", telling[-1]) if telling else "without a word"
