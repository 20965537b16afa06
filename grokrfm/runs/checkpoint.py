"""The checkpoint of a run: its state so far, in a file that is replaced again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from grokrfm.checks import StoreError
from grokrfm.runs import arrays, files
from grokrfm.runs.files import remove_leftovers, warn_skipped
from grokrfm.runs.spec import Spec
from grokrfm.version import __version__


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """State that a run continues from, with its history and matrices so far.

    Parameters
    ----------
    state      named arrays that only the learner understands
    history    every number by name, one value per observation
    matrices   {k: M_k} kept so far
    seconds    wall time so far
    """

    state: Mapping[str, np.ndarray]
    history: Mapping[str, list[Any]]
    matrices: Mapping[int, np.ndarray]
    seconds: float


def path(study: Path, digest: str) -> Path:
    """Return the path of a run's checkpoint."""
    return study / "checkpoints" / f"{digest}.npz"


def write(study: Path, spec: Spec, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of a run."""
    arrays.write(
        path(study, spec.digest),
        {
            "keeps": np.array(_keeps(spec)),
            "history": np.array(json.dumps(checkpoint.history)),
            "seconds": np.array(checkpoint.seconds),
            **{f"state.{name}": array for name, array in checkpoint.state.items()},
            **{f"matrix.{k}": M for k, M in checkpoint.matrices.items()},
        },
    )


def read(study: Path, spec: Spec) -> Checkpoint | None:
    """Return the checkpoint of a run, if one of these versions keeps what `spec` asks for."""
    try:
        kept = arrays.read(path(study, spec.digest))
        if not kept or str(kept["keeps"]) != _keeps(spec):
            return None
        return Checkpoint(
            {name.removeprefix("state."): kept[name] for name in kept if name.startswith("state.")},
            json.loads(str(kept["history"])),
            {int(name[7:]): kept[name] for name in kept if name.startswith("matrix.")},
            float(kept["seconds"]),
        )
    except (StoreError, KeyError, ValueError) as error:  # a disk that failed
        warn_skipped("a checkpoint", f"{error}; the run starts over")
        return None


def remove(study: Path, spec: Spec) -> None:
    """Remove the checkpoint of a run that has ended, or that starts over."""
    kept = path(study, spec.digest)
    files.remove(kept)
    remove_leftovers(kept)


def _keeps(spec: Spec) -> str:
    versions = [__version__, version("torch")]
    keeps = [versions, spec.probes, spec.features.chosen, spec.sources]
    return json.dumps(keeps, sort_keys=True)
