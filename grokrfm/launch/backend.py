"""Backend: the place where the jobs of a sweep run, and the ways to follow and cancel them."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from grokrfm.checks import boolean, positive
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.sweep_folder import SweepFolder

if TYPE_CHECKING:  # commands that read a study must not wait for submitit
    import submitit


@dataclass(frozen=True)
class Backend(Hardware, ABC):
    """Hardware that runs sweeps; conf/hardware/ describes it.

    Parameters
    ----------
    wait : bool           True: the command waits for its runs; False: it submits and returns
    run_minutes : float   time limit of a run in a sweep; None for none
    """

    scheduler: ClassVar[str]
    """Name of what runs the jobs, in submissions."""

    queues: ClassVar[bool]
    """True if jobs may wait for long before they start."""

    wait: bool
    run_minutes: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        boolean("wait", self.wait)
        if self.run_minutes is not None:
            object.__setattr__(self, "run_minutes", positive("run_minutes", self.run_minutes))

    @property
    @abstractmethod
    def worker_threads(self) -> int:
        """Threads of each worker."""

    @property
    @abstractmethod
    def workers(self) -> int:
        """Number of workers of a job."""

    @property
    def parallel_jobs(self) -> int:
        """The most jobs that run at a time."""
        return 1

    @property
    def job_minutes(self) -> float | None:
        """Time budget of a job; None: unlimited."""
        return None

    @property
    def memory_bytes(self) -> float:
        """Memory of the machine that a job has."""
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

    def check(self) -> None:
        """Refuse a backend that cannot run anything, before a file is written.

        Raises
        ------
        GrokrfmError   naming the setting
        """
        self.worker_environments()

    def resolved(self) -> Self:
        """Return this backend with what only the launching process knows filled in."""
        return self

    @abstractmethod
    def worker_environments(self) -> list[dict[str, str]]:
        """Return the environment variables of each worker; called in the job itself."""

    @abstractmethod
    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """Return the runs of each job.

        Parameters
        ----------
        costs   estimated seconds of each run
        """

    @abstractmethod
    def submit(
        self, pools: Sequence[Callable[[], Any]], folder: SweepFolder
    ) -> list[submitit.Job[Any]]:
        """Submit every pool as a job."""

    def script(self, folder: SweepFolder) -> str | None:
        """Return the script that would be submitted, if there is one."""
        return None

    @staticmethod
    @abstractmethod
    def cluster_name() -> str | None:
        """Return the host or cluster whose jobs can be followed from here; None: none.

        Its first word is the name that people know.
        """

    @staticmethod
    @abstractmethod
    def active(folder: SweepFolder, ids: Sequence[str]) -> Mapping[str, str]:
        """Return job → state of the jobs of a sweep that are running or queued."""

    @staticmethod
    @abstractmethod
    def cancel(folder: SweepFolder, ids: Sequence[str]) -> None:
        """Cancel jobs, running or queued."""


def worker_variables(threads: int) -> dict[str, str]:
    """Return the variables that every worker needs from its start: threads and module paths."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "10000"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def on_devices(devices: Sequence[str], slots: int, threads: int) -> list[dict[str, str]]:
    """Return the variables of each worker; every device gets its first before any its second."""
    variables = worker_variables(threads)
    return [{**variables, "CUDA_VISIBLE_DEVICES": name} for _ in range(slots) for name in devices]
