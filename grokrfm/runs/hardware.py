"""Hardware: the device and threads of a run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grokrfm.checks import SettingError, integer

if TYPE_CHECKING:  # commands that read a study must not wait for torch
    import torch


@dataclass(frozen=True)
class Hardware:
    """The device and threads of a run; nothing that changes what is computed.

    Parameters
    ----------
    device : str           as torch names it: cpu, cuda, cuda:1
    threads : int or None  for arithmetic on the CPU; None takes every core this process may use
    """

    device: str
    threads: int | None

    def __post_init__(self) -> None:
        _device_name(self.device)
        if self.threads is not None:
            object.__setattr__(self, "threads", integer("threads", self.threads, minimum=1))

    @property
    def torch_device(self) -> torch.device:
        import torch

        return torch.device(self.device)

    def check_device(self) -> None:
        """Raise SettingError if this process cannot use the device."""
        import torch

        device, found = self.torch_device, torch.cuda.device_count()
        if device.type == "cuda" and (device.index or 0) >= found:
            raise SettingError(
                "hardware.device", f"{device} does not exist here: torch finds {found} CUDA devices"
            )

    def apply(self) -> int:
        """Set the threads of this process, and return their number.

        Raises
        ------
        SettingError   if the device does not exist
        """
        self.check_device()
        import torch

        threads = self.threads or available_cores()
        torch.set_num_threads(threads)
        return threads

    def describe(self) -> str:
        """Return the device, by its model name where it has one."""
        import torch

        if self.torch_device.type == "cuda":
            return torch.cuda.get_device_name(self.torch_device)
        return self.device


def available_cores() -> int:
    """Return the cores that this process may use; a container or scheduler may limit them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _device_name(device: Any) -> None:
    if not isinstance(device, str) or not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise SettingError("device", f"must be cpu, cuda or cuda:N, got {device!r}")
