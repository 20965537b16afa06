"""Where the workers of a pool compute; read in the pool's process, which never imports torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grokrfm.checks import GrokrfmError


class SlotsError(GrokrfmError):
    """A job was not given what it asked for."""


@dataclass(frozen=True)
class TheseSlots:
    """Slots that the launching process has chosen."""

    chosen: Sequence[Mapping[str, str]]

    def __len__(self) -> int:
        return len(self.chosen)

    def environments(self) -> Sequence[Mapping[str, str]]:
        return self.chosen


@dataclass(frozen=True)
class SlotsOfAJob:
    """Slots on the devices that SLURM gives a job, or else on its processors.

    Parameters
    ----------
    devices : int     that the job asks for
    per_device : int  slots on each device
    cpus : int        that the job asks for
    threads : int     of each slot
    """

    devices: int
    per_device: int
    cpus: int
    threads: int

    def __len__(self) -> int:
        return self.devices * self.per_device or max(1, self.cpus // self.threads)

    def environments(self) -> list[dict[str, str]]:
        """Asked in the job itself.

        Raises
        ------
        SlotsError   if SLURM has given the job fewer devices than it asked for
        """
        base = arithmetic(self.threads)
        if not self.devices:
            return [base for _ in range(len(self))]
        given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        devices = [device for device in given.split(",") if device not in ("", "NoDevFiles")]
        if len(devices) != self.devices:
            raise SlotsError(
                f"hardware.gpus is {self.devices}, but CUDA_VISIBLE_DEVICES is {given!r} in the job"
            )
        return [
            {**base, "CUDA_VISIBLE_DEVICES": device}
            for _ in range(self.per_device)
            for device in devices
        ]


def arithmetic(threads: int) -> dict[str, str]:
    """Variables that a process needs from its start: threads, and where modules are found."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "10000"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
