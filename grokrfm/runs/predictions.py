"""What the last iteration of a run predicts for every row of its table, and the file that keeps it.

The arrays say all that is needed to draw them, whatever the task was:

rows : (N,) int          of the table; where several operations share one, they follow each other
operands : (N, 2) int    the element indices of a and b
labels : (N,) int        the true class
training : (N,) bool     whether the row trained; the others are test rows
predicted : (N,) int     the class with the largest output
lead : (N,) float        by how much it leads the second largest
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from grokrfm.runs import arrays


def path(study: Path, digest: str) -> Path:
    """Where the predictions of a run are."""
    return study / "predictions" / f"{digest}.npz"


def write(study: Path, digest: str, predictions: Mapping[str, np.ndarray]) -> None:
    """Keep the predictions of a run."""
    arrays.write(path(study, digest), predictions)


def read(study: Path, digest: str) -> dict[str, np.ndarray]:
    """The predictions of a run, empty if it kept none."""
    return arrays.read(path(study, digest))
