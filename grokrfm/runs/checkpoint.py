"""Where a run has got to, kept aside while it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import grokrfm
from grokrfm.checks import StoreError
from grokrfm.runs import arrays
from grokrfm.runs.spec import Spec


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a run needs to go on, and what it has left so far.

    Parameters
    ----------
    state      named arrays that only the learner understands
    history    every number by name over the iterations done
    matrices   {k: M_k} kept so far
    """

    state: Mapping[str, np.ndarray]
    history: Mapping[str, list[Any]]
    matrices: Mapping[int, np.ndarray]


def path(study: Path, digest: str) -> Path:
    """Where the checkpoint of a run is."""
    return study / "checkpoints" / f"{digest}.npz"


def write(study: Path, spec: Spec, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of a run."""
    arrays.write(
        path(study, spec.digest),
        {
            "leaves": np.array(_leaves(spec)),
            "history": np.array(json.dumps(checkpoint.history)),
            **{f"state.{name}": array for name, array in checkpoint.state.items()},
            **{f"matrix.{k}": M for k, M in checkpoint.matrices.items()},
        },
    )


def read(study: Path, spec: Spec) -> Checkpoint | None:
    """The checkpoint of a run, if there is one of these versions that leaves what `spec` asks."""
    try:
        kept = arrays.read(path(study, spec.digest))
    except StoreError:  # a disk that failed: the run starts over
        return None
    if not kept or str(kept["leaves"]) != _leaves(spec):
        return None
    return Checkpoint(
        {name.removeprefix("state."): kept[name] for name in kept if name.startswith("state.")},
        json.loads(str(kept["history"])),
        {int(name[7:]): kept[name] for name in kept if name.startswith("matrix.")},
    )


def remove(study: Path, spec: Spec) -> None:
    """Forget the checkpoint of a run that has ended, or that is to start over."""
    kept = path(study, spec.digest)
    kept.unlink(missing_ok=True)
    arrays.remove_leftovers(kept)


def _leaves(spec: Spec) -> str:
    versions = [grokrfm.__version__, version("torch")]
    return json.dumps([versions, spec.probes, spec.features.chosen], sort_keys=True)
