"""Arrays of the predictions of a run's last iteration, and the file that keeps them.

Their names are the learner's; what draws them knows that learner.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grokrfm.runs import arrays

if TYPE_CHECKING:  # commands that read a study must not wait for numpy
    import numpy as np


def path(study: Path, digest: str) -> Path:
    """Return the path of a run's predictions."""
    return study / "predictions" / f"{digest}.npz"


def write(study: Path, digest: str, predictions: Mapping[str, np.ndarray]) -> None:
    """Keep the predictions of a run."""
    arrays.write(path(study, digest), predictions)


def read(study: Path, digest: str, needed: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return the predictions of a run; nothing if it kept none, or lacks one that is needed."""
    return arrays.read(path(study, digest), needed)
