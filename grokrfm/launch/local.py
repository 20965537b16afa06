"""Sweeps on this machine: one pool, a warm process per slot."""

from __future__ import annotations

import os
import platform
import signal
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submitit

from grokrfm.checks import SettingError, boolean, integer, positive
from grokrfm.launch.jobs import SUBMITIT, worker_is_running
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.slots import TheseSlots, arithmetic
from grokrfm.runs.hardware import Hardware, available_cores
from grokrfm.runs.record import process_start

NO_LIMIT_MINUTES = 60 * 24 * 365


@dataclass(frozen=True)
class Local(Hardware):
    """This machine's slots.

    Parameters
    ----------
    wait : bool           whether the command waits for its runs; if not, it submits and returns
    run_minutes : float   time limit of a run in a sweep; None for none
    """

    scheduler = "local"
    minutes = None
    wait: bool
    run_minutes: float | None

    def __post_init__(self) -> None:
        super().__post_init__()
        boolean("wait", self.wait)
        if self.run_minutes is not None:
            object.__setattr__(self, "run_minutes", positive("run_minutes", self.run_minutes))

    @abstractmethod
    def environments(self) -> list[dict[str, str]]:
        """What each slot's process finds in its environment.

        Raises
        ------
        SettingError   if there is no slot
        """

    def check(self) -> None:
        self.environments()

    def slots_of_a_job(self) -> TheseSlots:
        return TheseSlots(self.environments())

    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """The runs of each job: one pool does them all."""
        return [list(runs)]

    def submit(self, pools: Sequence[WorkerPool], folder: Path) -> list[submitit.Job[Any]]:
        executor = submitit.LocalExecutor(folder / SUBMITIT, max_num_timeout=0)
        executor.update_parameters(timeout_min=NO_LIMIT_MINUTES, tasks_per_node=1)
        with _detached():
            return [executor.submit(pool) for pool in pools]


@dataclass(frozen=True)
class LocalCPU(Local):
    """The processor: as many slots as cores ÷ threads.

    Parameters
    ----------
    slots : int   runs at a time in a sweep; None: cores ÷ threads
    """

    slots: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.slots is not None:
            object.__setattr__(self, "slots", integer("slots", self.slots, minimum=1))

    @property
    def sweep_threads(self) -> int:
        return self.threads or 1

    def environments(self) -> list[dict[str, str]]:
        slots = self.slots or max(1, available_cores() // self.sweep_threads)
        return [arithmetic(self.sweep_threads) for _ in range(slots)]


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
        slots = integer("slots_per_device", self.slots_per_device, minimum=1)
        object.__setattr__(self, "slots_per_device", slots)

    @property
    def sweep_threads(self) -> int:
        slots = len(self._visible()) * self.slots_per_device
        return self.threads or max(1, available_cores() // max(1, slots))

    def environments(self) -> list[dict[str, str]]:
        visible = self._visible()
        if not visible:
            raise SettingError(
                "hardware.devices",
                "no CUDA device is visible on this machine (CUDA_VISIBLE_DEVICES is"
                f" {os.environ.get('CUDA_VISIBLE_DEVICES')!r}); set hardware=cpu, or name devices",
            )
        # Every device gets its first slot before any gets its second.
        return [
            {**arithmetic(self.sweep_threads), "CUDA_VISIBLE_DEVICES": str(device)}
            for _ in range(self.slots_per_device)
            for device in visible
        ]

    def _visible(self) -> list[str]:
        if self.devices is not None:
            return [str(device) for device in self.devices]
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        if named is not None:
            return [
                device.strip() for device in named.split(",") if device.strip() not in ("", "-1")
            ]
        import torch

        return [str(index) for index in range(torch.cuda.device_count())]


class Processes:
    """The local jobs of a sweep, looked up by their processes."""

    def cluster_name(self) -> str:
        return platform.node()

    def active(self, folder: Path, ids: Sequence[str]) -> dict[str, str]:
        return {
            job: "RUNNING"
            for job in ids
            if worker_is_running(folder, job) or _is_controller(int(job), folder)
        }

    def cancel(self, folder: Path, ids: Sequence[str]) -> None:
        """Nothing: a local pool sees the sweep's stop file within a second."""


def _is_controller(pid: int, folder: Path) -> bool:
    """Whether the process that submitit started for a pool of this sweep runs."""
    start = process_start(pid)
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    # The command of a process that is being made is empty for a moment.
    return start is not None and (not command or str(folder).encode() in command)


@contextmanager
def _detached() -> Iterator[None]:
    """Processes started here hear no Ctrl-C or closing of a terminal, nor hold its output."""
    unheard: Mapping[int, Any] = {
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
        for number, handler in unheard.items():
            signal.signal(number, handler)
