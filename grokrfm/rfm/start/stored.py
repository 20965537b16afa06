"""Start with a feature matrix of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from grokrfm.checks import SettingError
from grokrfm.rfm.start.start import GivenStart
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Stored(GivenStart):
    """Start with M₀ read from a file.

    Parameters
    ----------
    path : str   .npy file with a symmetric (d, d) matrix of finite numbers
    """

    is_random: ClassVar[bool] = False

    path: str

    def values(self, task: Task, rng: np.random.Generator) -> NDArray[np.float64]:
        width = task.width
        try:
            M = np.load(Path(self.path), allow_pickle=False)
        except Exception as error:  # numpy raises many types for an invalid file
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
