"""Reading of studies: their records and plans together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from grokrfm.checks import StoreError
from grokrfm.runs.record import Names, Record, best_by_digest
from grokrfm.runs.settings import Settings
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import plans

Folders = str | PathLike[str] | Sequence[str | PathLike[str]]


def open_stores(studies: Folders) -> list[Store]:
    """Open the stores of one folder or several, each of which must be a study."""
    folders = [studies] if isinstance(studies, (str, PathLike)) else list(studies)
    for folder in map(Path, folders):
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise StoreError(f"{folder} {what}; a study is a folder below outputs/")
        if not any((folder / part).is_dir() for part in ("segments", "sweeps")):
            inside = sorted(p.parent.name for p in folder.glob("*/segments"))
            hint = f"; it contains the studies {', '.join(inside)}" if inside else ""
            raise StoreError(f"{folder} is not a study, it has no folder segments/{hint}")
    return [Store(Path(folder)) for folder in folders]


@dataclass(frozen=True, eq=False)
class Reading:
    """Records and plans of several studies together.

    Parameters
    ----------
    records          every attempt
    best             best record of every digest with its store, in order of start
    missing          digest → settings of the planned runs without a record
    names            which settings are scientific and which numbers lead, by learner
    latest           settings of the run planned or started last, one per study
    """

    records: Sequence[Record]
    best: Sequence[tuple[Store, Record]]
    missing: Mapping[str, Settings]
    names: Sequence[Names]
    latest: Sequence[Settings]


def read(studies: Folders) -> Reading:
    """Read the records and plans of studies."""
    owned: dict[str, tuple[Store, Record]] = {}
    planned: dict[str, Settings] = {}
    names: dict[int, Names] = {}
    latest = []
    for store in open_stores(studies):
        held, sweeps = store.records(), plans(store.study)
        plan = {d: s for p in sweeps for d, s in zip(p.digests, p.settings, strict=True)}
        names |= {id(record.names): record.names for record in held}
        names |= {id(sweep.names): sweep.names for sweep in sweeps}
        latest += [*plan.values(), *(record.config for record in held if not plan)][-1:]
        planned |= plan
        owned |= {record.attempt: (store, record) for record in held}
    records = [record for _, record in owned.values()]
    best = sorted(best_by_digest(records).values(), key=lambda record: record.started)
    known = {record.digest for record in best}
    missing = {digest: config for digest, config in planned.items() if digest not in known}
    owners = [owned[record.attempt] for record in best]
    return Reading(records, owners, missing, list(names.values()), latest)
