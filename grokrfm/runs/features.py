"""Which feature matrices of a run are kept, and the file that keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grokrfm.checks import SettingError
from grokrfm.runs import arrays


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
    """Keep {k: M_k} of a run."""
    arrays.write(path(study, digest), {str(k): M for k, M in matrices.items()})


def read(study: Path, digest: str) -> dict[int, np.ndarray]:
    """{k: M_k} of a run, empty if it kept none."""
    kept = arrays.read(path(study, digest))
    return {k: kept[str(k)] for k in sorted(map(int, kept))}
