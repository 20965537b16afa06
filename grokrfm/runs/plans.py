"""What the sweeps of a study plan to run, written before the first of their runs starts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grokrfm.checks import StoreError

FORMAT = 1
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, eq=False)
class SweepPlan:
    """The resolved settings of all runs of a sweep; later edits of conf/ change nothing here.

    Runs that share a part of their settings, such as the whole kernel, share one object, in memory
    and on disk.

    Parameters
    ----------
    name : str        of the sweep, unique in its study
    digests           of the runs, in the order in which they are to start
    settings          of the runs, nested plain values; alike for all keys
    costs             estimated seconds of each run
    batches           runs with equal numbers may be computed together; -1 for a run alone
    """

    name: str
    digests: Sequence[str]
    settings: Sequence[Mapping[str, Any]]
    costs: Sequence[float]
    batches: Sequence[int]

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Digest → number of the run."""
        return {digest: i for i, digest in enumerate(self.digests)}


def folder(study: Path, name: str) -> Path:
    """Where a sweep keeps its plan, its jobs and their logs."""
    return study / "sweeps" / name


def new_name() -> str:
    """A name for a sweep that sorts by time."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"


def write(study: Path, plan: SweepPlan) -> None:
    """Write a plan aside and rename it.

    Raises
    ------
    StoreError   if the folder cannot be written
    """
    keys = list(plan.settings[0]) if len(plan) else []
    nodes: dict[str, list[Any]] = {key: [] for key in keys}
    places: dict[tuple[str, int], int] = {}
    rows = []
    for i, settings in enumerate(plan.settings):
        row: list[Any] = [plan.digests[i], round(plan.costs[i], 4), plan.batches[i]]
        for key in keys:
            place = places.get((key, id(settings[key])))
            if place is None:
                place = places[key, id(settings[key])] = len(nodes[key])
                nodes[key].append(settings[key])
            row.append(place)
        rows.append(row)
    document = {"format": FORMAT, "keys": keys, "nodes": nodes, "runs": rows}
    target = folder(study, plan.name) / "plan.json"
    aside = target.with_suffix(".tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(document), encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        raise StoreError(f"outputs: {target} cannot be written ({error.strerror})") from error


def read(study: Path, name: str) -> SweepPlan:
    """The plan of a sweep.

    Raises
    ------
    StoreError   if it cannot be read
    """
    source = folder(study, name) / "plan.json"
    try:
        document = json.loads(source.read_text(encoding="utf-8"))
        keys, nodes, rows = document["keys"], document["nodes"], document["runs"]
        settings = [
            {key: nodes[key][place] for key, place in zip(keys, row[3:], strict=True)}
            for row in rows
        ]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise StoreError(f"{source}: cannot be read ({error})") from error
    digests, costs, batches = ([row[column] for row in rows] for column in range(3))
    return SweepPlan(name, digests, settings, costs, batches)


def names(study: Path) -> list[str]:
    """The sweeps of a study that are planned and not withdrawn, oldest first."""
    found = (path.parent for path in (study / "sweeps").glob("*/plan.json"))
    return sorted(path.name for path in found if not (path / WITHDRAWN).exists())


def withdraw(study: Path, name: str) -> None:
    """Plan a sweep no longer; what it has finished stays."""
    (folder(study, name) / WITHDRAWN).touch()
