"""Backends on this machine: one worker pool, a warm process per slot."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from grokrfm.checks import SettingError, accept_options, integer
from grokrfm.launch.backend import Backend, on_devices, worker_variables
from grokrfm.runs.hardware import available_cores
from grokrfm.runs.processes import are_listed, exists, process_start, this_host
from grokrfm.runs.sweep_folder import SweepFolder

if TYPE_CHECKING:  # commands that read a study must not wait for submitit
    import submitit

NO_LIMIT_MINUTES = 60 * 24 * 365
MOST_SLOTS = 1024


@dataclass(frozen=True)
class Local(Backend):
    """The slots of this machine."""

    scheduler: ClassVar[str] = "local"
    queues: ClassVar[bool] = False

    @property
    def workers(self) -> int:
        return len(self.worker_environments())

    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """Return one job: one pool does all runs."""
        return [list(runs)]

    def submit(
        self, pools: Sequence[Callable[[], Any]], folder: SweepFolder
    ) -> list[submitit.Job[Any]]:
        import submitit

        executor = submitit.LocalExecutor(folder.submitit, max_num_timeout=0)
        executor.update_parameters(timeout_min=NO_LIMIT_MINUTES, tasks_per_node=1)
        with _detached():
            return [executor.submit(pool) for pool in pools]

    @staticmethod
    def cluster_name() -> str:
        return " ".join(map(str, this_host().values()))

    @staticmethod
    def active(folder: SweepFolder, ids: Sequence[str]) -> dict[str, str]:
        return {
            job: "RUNNING"
            for job in ids
            if folder.job_is_running(job) or (job.isdecimal() and _is_controller(int(job), folder))
        }

    @staticmethod
    def cancel(folder: SweepFolder, ids: Sequence[str]) -> None:
        """Do nothing: a local pool reads the stop file of its sweep within a second."""


@dataclass(frozen=True)
class LocalCPU(Local):
    """The processor.

    Parameters
    ----------
    slots : int   runs at a time in a sweep; None: cores ÷ threads
    """

    slots: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.slots is not None:
            slots = integer("slots", self.slots, minimum=1, maximum=MOST_SLOTS)
            object.__setattr__(self, "slots", slots)

    @property
    def worker_threads(self) -> int:
        return self.threads or 1

    def check(self) -> None:
        self.check_device()
        super().check()

    def check_device(self) -> None:
        super().check_device()
        cores = available_cores()
        if self.worker_threads > cores:
            rule = f"must be at most {cores}, the cores that this process may use"
            raise SettingError("hardware.threads", f"{rule}, got {self.threads}")

    def resolved(self) -> Self:
        return replace(self, slots=self.workers)

    def worker_environments(self) -> list[dict[str, str]]:
        slots = self.slots or max(1, available_cores() // self.worker_threads)
        return [worker_variables(self.worker_threads) for _ in range(slots)]


@dataclass(frozen=True)
class LocalGPUs(Local):
    """The graphics processors: one warm process per device, or several.

    Parameters
    ----------
    devices                  as CUDA_VISIBLE_DEVICES names them, [0, 1]; None: all visible ones
    slots_per_device : int   runs at a time on each
    """

    devices: Sequence[int | str] | None
    slots_per_device: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.devices is not None and (
            not isinstance(self.devices, (list, tuple))
            or not self.devices
            or not all(isinstance(one, (int, str)) and str(one) for one in self.devices)
        ):
            raise SettingError(
                "devices", f"must be a list of devices such as [0, 1], got {self.devices!r}"
            )
        slots = integer("slots_per_device", self.slots_per_device, minimum=1, maximum=MOST_SLOTS)
        object.__setattr__(self, "slots_per_device", slots)

    @property
    def worker_threads(self) -> int:
        slots = len(self._visible()) * self.slots_per_device
        return self.threads or max(1, available_cores() // max(1, slots))

    def resolved(self) -> Self:
        return replace(self, devices=self._visible(), threads=self.worker_threads)

    def worker_environments(self) -> list[dict[str, str]]:
        visible = self._visible()
        if not visible:
            raise SettingError(
                "hardware.devices",
                "no CUDA device is visible on this machine (CUDA_VISIBLE_DEVICES is"
                f" {os.environ.get('CUDA_VISIBLE_DEVICES')!r}); set hardware=cpu, or name devices",
            )
        return on_devices(visible, self.slots_per_device, self.worker_threads)

    def _visible(self) -> list[str]:
        if self.devices is not None:
            return [str(device) for device in self.devices]
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        if named is not None:
            names = (name.strip() for name in named.split(","))
            return [name for name in names if name not in ("", "-1")]
        import torch

        return [str(index) for index in range(torch.cuda.device_count())]


def _is_controller(pid: int, folder: SweepFolder) -> bool:
    """True if the process that submitit started for a pool of this sweep runs."""
    if not are_listed():  # the PID may be another's by now
        return exists(pid) and folder.just_submitted
    start = process_start(pid)
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    # The command line of a new process is empty for a moment.
    return start is not None and (not command or str(folder.path).encode() in command)


@contextmanager
def _detached() -> Iterator[None]:
    """Start processes that ignore Ctrl-C and the end of the terminal, without its output."""
    ignored: Mapping[int, Any] = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)
    }
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)
        for number, handler in ignored.items():
            signal.signal(number, handler)


accept_options(globals(), ["LocalCPU", "LocalGPUs"])
