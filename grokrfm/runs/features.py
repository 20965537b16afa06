"""Feature matrices that a run keeps: their selection and their file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grokrfm.checks import SettingError
from grokrfm.runs import arrays

if TYPE_CHECKING:  # commands that read a study must not wait for numpy
    import numpy as np


@dataclass(frozen=True)
class FeatureSelection:
    """A choice among M_0 … M_K, where k counts the updates made and M_K is the last.

    Parameters
    ----------
    chosen : "none", "last" (M_K), "all", or a list of k
    """

    chosen: str | tuple[int, ...]

    def __post_init__(self) -> None:
        chosen = self.chosen
        if isinstance(chosen, (list, tuple)) and all(type(k) is int and k >= 0 for k in chosen):
            object.__setattr__(self, "chosen", tuple(sorted(set(chosen))))
        elif chosen not in ("none", "last", "all"):
            raise SettingError(
                "features",
                "must be none, last, all, or a list of update counts such as [1,5,25],"
                f" got {chosen!r}",
            )

    def check(self, possible: Collection[int]) -> None:
        """Refuse update counts at which a run keeps no matrix.

        Raises
        ------
        SettingError   naming the ones that it keeps
        """
        if self.chosen == "none":
            return
        if not possible:
            raise SettingError("features", "must be none, this learner has no feature matrices")
        if isinstance(self.chosen, tuple) and (
            wrong := [k for k in self.chosen if k not in possible]
        ):
            ends = (possible[0], possible[-1]) if isinstance(possible, range) else possible
            first, last = min(ends), max(ends)
            steps = max(1, (last - first) // max(1, len(possible) - 1))
            every = f" in steps of {steps}" if steps > 1 else ""
            raise SettingError(
                "features",
                f"{max(wrong)} is none of the update counts of this run, {first} to {last}{every}",
            )

    def wants(self, k: int, last: bool) -> bool:
        """True if M_k is kept; `last` says that no update follows."""
        if isinstance(self.chosen, tuple):
            return k in self.chosen
        return self.chosen == "all" or (self.chosen == "last" and last)

    def satisfied_by(self, kept: Collection[int], updates: int) -> bool:
        """True if `kept` holds everything chosen of a run with so many updates."""
        if isinstance(self.chosen, tuple):
            return all(k in kept for k in self.chosen if k <= updates)
        if self.chosen == "all":
            return all(k in kept for k in range(updates + 1))
        return self.chosen == "none" or updates in kept


def path(study: Path, digest: str) -> Path:
    """Return the path of a run's matrices."""
    return study / "features" / f"{digest}.npz"


def write(
    study: Path,
    digest: str,
    matrices: Mapping[int, np.ndarray],
    figure_arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Keep {k: M_k} of a run, and what figures need beside them."""
    named = {str(k): M for k, M in matrices.items()}
    arrays.write(path(study, digest), {**named, **(figure_arrays or {})})


def read(study: Path, digest: str) -> dict[int, np.ndarray]:
    """Return {k: M_k} of a run; nothing if it kept none."""
    kept = arrays.read(path(study, digest))
    return {k: kept[str(k)] for k in sorted(int(name) for name in kept if name.isdecimal())}


def read_figure_arrays(study: Path, digest: str) -> dict[str, np.ndarray]:
    """Return the other arrays of that file, by the learner's names."""
    kept = arrays.read(path(study, digest))
    return {name: array for name, array in kept.items() if not name.isdecimal()}
