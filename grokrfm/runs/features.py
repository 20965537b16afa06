"""Which feature matrices of a run are kept, and the file that keeps them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from grokrfm.checks import SettingError, StoreError


@dataclass(frozen=True)
class FeatureSelection:
    """A choice among M_0 … M_K, where k counts the updates made and M_K is the last.

    Parameters
    ----------
    chosen : "none", "last" (M_K), "all", or a list of k
    """

    chosen: str | tuple[int, ...]

    def __post_init__(self) -> None:
        if isinstance(self.chosen, (list, tuple)):
            ok = all(isinstance(k, int) and not isinstance(k, bool) and k >= 0 for k in self.chosen)
            object.__setattr__(self, "chosen", tuple(sorted(set(self.chosen))) if ok else None)
        if not (isinstance(self.chosen, tuple) or self.chosen in ("none", "last", "all")):
            raise SettingError(
                "features",
                "must be none, last, all, or a list of update counts such as [1,5,25]",
            )

    def wants(self, k: int, last: bool) -> bool:
        """Whether M_k is kept; `last` says that no update follows."""
        if isinstance(self.chosen, tuple):
            return k in self.chosen
        return self.chosen == "all" or (self.chosen == "last" and last)

    def satisfied_by(self, kept: Collection[int], updates: int) -> bool:
        """Whether a run of so many updates that kept those matrices kept all that is chosen."""
        return all(k in kept for k in range(updates + 1) if self.wants(k, k == updates))


def path(study: Path, digest: str) -> Path:
    """Where the matrices of a run are."""
    return study / "features" / f"{digest}.npz"


def write(study: Path, digest: str, matrices: Mapping[int, np.ndarray]) -> None:
    """Write {k: M_k} aside and rename, so that no reader meets half a file."""
    target = path(study, digest)
    aside = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            arrays: dict[str, Any] = {str(k): M for k, M in matrices.items()}
            np.savez_compressed(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error


def read(study: Path, digest: str) -> dict[int, np.ndarray]:
    """{k: M_k} of a run, empty if it kept none."""
    source = path(study, digest)
    if not source.exists():
        return {}
    try:
        with np.load(source, allow_pickle=False) as arrays:
            return {k: arrays[str(k)] for k in sorted(int(name) for name in arrays.files)}
    except (OSError, ValueError, BadZipFile) as error:
        raise StoreError(f"{source}: cannot be read ({error})") from error
