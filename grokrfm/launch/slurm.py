"""Backend on a SLURM cluster: job arrays, a worker pool per job, through submitit."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from grokrfm.checks import SettingError, accept_options, integer, nearest, positive, shown
from grokrfm.launch import slurm_commands as slurm
from grokrfm.launch.backend import Backend, on_devices, worker_variables
from grokrfm.launch.chunks import chunks
from grokrfm.launch.slurm_commands import SchedulerError
from grokrfm.runs.sweep_folder import SweepFolder

if TYPE_CHECKING:  # commands that read a study must not wait for submitit
    import submitit

WARNING_SECONDS = 60
"""Time before its limit at which a job is warned; SLURM may do so half a minute earlier."""


@dataclass(frozen=True)
class Slurm(Backend):
    """A cluster.

    Parameters
    ----------
    threads : int            of a worker; None: the job's processors shared among its workers
    partition, account, qos, constraint : str   as sbatch takes them; None: the cluster's default
    time : int               minutes, the limit of a job
    memory : float           GB of a job
    cpus : int               of a job
    gpus : int               of a job
    slots_per_device : int   runs at a time on each GPU
    parallel : int           the most jobs that run at a time
    chunk_minutes : float    estimated work in a job
    timeouts : int           the most times that a job is requeued after a time-out
    setup                    shell commands before the job's process, such as module load
    sbatch                   further options of sbatch by their long names
    """

    scheduler: ClassVar[str] = "slurm"
    queues: ClassVar[bool] = True
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
    sbatch: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("time", "cpus", "gpus", "slots_per_device", "parallel", "timeouts"):
            minimum = 0 if name in ("gpus", "timeouts") else 1
            object.__setattr__(self, name, integer(name, getattr(self, name), minimum=minimum))
        for name in ("memory", "chunk_minutes"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        for name in ("partition", "account", "qos", "constraint"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int))):
                raise SettingError(name, f"must be text, or null, got {shown(value)}")
            object.__setattr__(self, name, None if value is None else str(value))
        if not isinstance(self.setup, (list, tuple)) or not all(
            isinstance(line, str) for line in self.setup
        ):
            raise SettingError("setup", f"must be a list of shell commands, got {self.setup!r}")
        if self.sbatch is not None and not isinstance(self.sbatch, Mapping):
            raise SettingError(
                "sbatch", f"must be a mapping such as {{nice: 100}}, got {self.sbatch!r}"
            )

    @property
    def worker_threads(self) -> int:
        return self.threads or max(1, self.cpus // max(1, self.gpus * self.slots_per_device))

    @property
    def workers(self) -> int:
        return self.gpus * self.slots_per_device or max(1, self.cpus // self.worker_threads)

    @property
    def memory_bytes(self) -> float:
        return self.memory * 2**30

    @property
    def parallel_jobs(self) -> int:
        return self.parallel

    @property
    def job_minutes(self) -> float:
        return self.time - self._warning_seconds / 60

    @property
    def _warning_seconds(self) -> int:
        return min(WARNING_SECONDS, 20 * self.time)

    def worker_environments(self) -> list[dict[str, str]]:
        """Return the variables of each worker, on the devices that SLURM gives the job.

        Raises
        ------
        SchedulerError   if SLURM gives the job fewer devices than it asked for
        """
        if not self.gpus:
            return [worker_variables(self.worker_threads) for _ in range(self.workers)]
        given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        devices = [device for device in given.split(",") if device not in ("", "NoDevFiles")]
        if len(devices) != self.gpus:
            raise SchedulerError(
                f"hardware.gpus is {self.gpus}, but CUDA_VISIBLE_DEVICES is {given!r} in the job"
            )
        return on_devices(devices, self.slots_per_device, self.worker_threads)

    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """Return the runs of each job, in order, about `chunk_minutes` of estimated work each."""
        seconds = 60 * min(self.chunk_minutes, self.time) * self.workers
        return chunks(runs, costs, seconds)

    def check(self) -> None:
        """Refuse settings that this cluster would refuse, before a file is written.

        Raises
        ------
        GrokrfmError   naming the setting
        """
        slurm.require_programs()
        known = slurm.long_options()
        for option in self.sbatch or ():
            name = str(option).replace("_", "-")
            if name in slurm.RESERVED_OPTIONS:
                raise SettingError(f"hardware.sbatch.{option}", "is set by grokrfm itself")
            if name not in known:
                raise SettingError(
                    f"hardware.sbatch.{option}",
                    f"sbatch has no option --{name}; {nearest(name, known)}; it has"
                    f" {', '.join(sorted(known))}",
                )
        partitions = slurm.asked("sinfo", "-h", "-o", "%R").split()
        for one in self.partition.split(",") if self.partition else ():
            if one not in partitions:
                raise SettingError(
                    "hardware.partition", f"there is no partition {one}; {nearest(one, partitions)}"
                )
        slurm.try_submission(self.script(SweepFolder(Path(os.devnull), "test")))

    def submit(
        self, pools: Sequence[Callable[[], Any]], folder: SweepFolder
    ) -> list[submitit.Job[Any]]:
        """Submit pools as job arrays, each as large as the cluster allows.

        Raises
        ------
        SchedulerError   with the message of sbatch
        """
        import submitit

        executor = self._executor(folder)
        largest = slurm.largest_array()
        jobs: list[submitit.Job[Any]] = []
        for start in range(0, len(pools), largest):
            try:
                jobs += executor.submit_array(list(pools[start : start + largest]))
            except submitit.core.utils.FailedJobError as error:
                self.cancel(folder, [job.job_id for job in jobs])
                raise slurm.refusal(str(error)) from error
        return jobs

    def script(self, folder: SweepFolder) -> str:
        return self._executor(folder)._make_submission_file_text("COMMAND", "uid")

    @staticmethod
    def cluster_name() -> str | None:
        if shutil.which("scontrol") is None:
            return None
        try:
            return slurm.configured("ClusterName")
        except SchedulerError:  # its jobs are known by their heartbeats, as from another cluster
            return None

    @staticmethod
    def active(folder: SweepFolder, ids: Sequence[str]) -> dict[str, str]:
        # By name: a number may be given out again, and a study may have jobs of several users.
        states = slurm.states_of_jobs(_job_name(folder))
        return {job: states[job] for job in ids if states.get(job, "COMPLETED") not in slurm.OVER}

    @staticmethod
    def cancel(folder: SweepFolder, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), 500):
            subprocess.run(["scancel", *ids[start : start + 500]], capture_output=True, check=False)

    def _executor(self, folder: SweepFolder) -> submitit.SlurmExecutor:
        import submitit

        executor = submitit.SlurmExecutor(folder.submitit, max_num_timeout=self.timeouts)
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
            "additional_parameters": {**(self.sbatch or {}), "requeue": True},
        }
        executor.update_parameters(**{k: v for k, v in options.items() if v is not None})
        return executor


def _job_name(folder: SweepFolder) -> str:
    return f"grokrfm-{folder.name}"


accept_options(globals(), ["Slurm"])
