"""Reading of studies: their records and plans together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.record import Names, Record, best_by_digest
from grokrfm.runs.settings import Settings
from grokrfm.runs.store import Folders, Store, open_stores
from grokrfm.runs.study_status import StudyStatus


@dataclass(frozen=True, eq=False)
class Reading:
    """Records and plans of several studies together.

    Parameters
    ----------
    records          every attempt
    best             best record of every digest with the store of its attempt, in order of start
    stores           of the studies
    missing          digest → settings of the planned runs without a record
    names            which settings are scientific and which numbers lead, by learner
    latest           settings of the run planned or started last, one per study
    """

    records: Sequence[Record]
    best: Sequence[tuple[Store, Record]]
    stores: Sequence[Store]
    missing: Mapping[str, Settings]
    names: Sequence[Names]
    latest: Sequence[Settings]


@without_garbage_collection()
def read(studies: Folders) -> Reading:
    """Read the records and plans of studies."""
    statuses = [StudyStatus(store) for store in open_stores(studies)]
    attempts: dict[str, tuple[Store, Record]] = {}
    planned: dict[str, Settings] = {}
    names: dict[int, Names] = {}
    latest = []
    for status in statuses:
        sweeps, records = status.plans(), status.records
        plan = {d: s for p in sweeps for d, s in zip(p.digests, p.settings, strict=True)}
        names |= {id(record.names): record.names for record in records}
        names |= {id(sweep.names): sweep.names for sweep in sweeps}
        latest += [*plan.values(), *(record.config for record in records if not plan)][-1:]
        planned |= plan
        attempts |= {record.attempt: (status.store, record) for record in records}
    missing = {
        digest: config
        for digest, config in planned.items()
        if all(status.state(digest) == "missing" for status in statuses)
    }
    every = [record for _, record in attempts.values()]
    best = sorted(best_by_digest(every).values(), key=lambda record: record.started)
    return Reading(
        every,
        [(attempts[record.attempt][0], record) for record in best],
        [status.store for status in statuses],
        missing,
        list(names.values()),
        latest,
    )
