"""The feature matrix an RFM starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from grokrfm.algebra import fixed_points
from grokrfm.checks import NumericsError, SettingError
from grokrfm.kernels import Kernel, OneHot
from grokrfm.rfm.engine import RFM, Examples
from grokrfm.tasks import Task


@runtime_checkable
class Start(Protocol):
    """A rule that gives the starting matrix of a run."""

    def check(self, task: Task) -> None:
        """Raise SettingError if this start does not suit the task; computes nothing."""

    def matrix(self, task: Task, kernel: Kernel, rfm: RFM, device: torch.device) -> Tensor:
        """M₀, (d, d), symmetric, in the dtype of `rfm`."""


@dataclass(frozen=True)
class Identity:
    """M₀ = I."""

    def check(self, task: Task) -> None:
        pass

    def matrix(self, task: Task, kernel: Kernel, rfm: RFM, device: torch.device) -> Tensor:
        return torch.eye(task.width, dtype=rfm.torch_dtype, device=device)


@dataclass(frozen=True)
class Reflection:
    """M₀ is learned by the run's own kernel and settings, from I, without Fix(sr^k).

    Parameters
    ----------
    element   the group element k, in the group's own notation
    """

    element: Any

    def check(self, task: Task) -> None:
        self._index(task)

    def matrix(self, task: Task, kernel: Kernel, rfm: RFM, device: torch.device) -> Tensor:
        held_out = fixed_points(task.row_permutation(task.reflection(self._index(task))))
        train = examples(task, np.flatnonzero(~held_out), device)
        test = examples(task, np.flatnonzero(held_out), device)
        M = Identity().matrix(task, kernel, rfm, device)
        try:
            for step in rfm.steps(kernel, train, test, task.classes, M):
                M = step.next_M
        except NumericsError as error:
            raise NumericsError(f"while learning the start: {error}") from error
        return M

    def _index(self, task: Task) -> int:
        try:
            return task.group.index(self.element)
        except ValueError as error:
            raise SettingError("element", str(error)) from error


@dataclass(frozen=True)
class Stored:
    """M₀ is read from a file.

    Parameters
    ----------
    path : str   a .npy file holding a symmetric (d, d) matrix of finite numbers
    """

    path: str

    def check(self, task: Task) -> None:
        self._load(task.width)

    def matrix(self, task: Task, kernel: Kernel, rfm: RFM, device: torch.device) -> Tensor:
        return torch.as_tensor(self._load(task.width), dtype=rfm.torch_dtype, device=device)

    def _load(self, width: int) -> np.ndarray:
        try:
            M = np.load(Path(self.path), allow_pickle=False)
        except Exception as error:  # whatever a file that is no .npy file leads numpy to
            reason = getattr(error, "strerror", None) or "not a .npy file"
            raise self._error(f"cannot be read ({reason})") from error
        if not isinstance(M, np.ndarray) or M.shape != (width, width):
            found = getattr(M, "shape", "an archive of several arrays")
            raise self._error(f"must hold one ({width}, {width}) matrix, not {found}")
        if M.dtype.kind not in "fiu":
            raise self._error(f"must hold real numbers, not {M.dtype}")
        M = M.astype(np.float64)
        if not np.isfinite(M).all() or np.abs(M - M.T).max() > 1e-8 * np.abs(M).max():
            raise self._error("the matrix must be finite and symmetric")
        if not M.any():
            raise self._error("the matrix must not be zero")
        return (M + M.T) / 2

    def _error(self, problem: str) -> SettingError:
        return SettingError("path", f"{self.path}: {problem}")


def examples(
    task: Task,
    rows: np.ndarray,
    device: torch.device,
    strata: Mapping[str, np.ndarray] | None = None,
) -> Examples:
    """The given rows of a task's table, on a device."""
    return Examples(
        OneHot(torch.as_tensor(task.active[rows], device=device), task.width),
        torch.as_tensor(task.labels[rows], device=device),
        {name: torch.as_tensor(mask, device=device) for name, mask in (strata or {}).items()},
    )
