"""Records as data frames."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import StoreError
from grokrfm.collect import disagreement
from grokrfm.collect.columns import (
    LEADING,
    OBJECTIVE,
    SCIENTIFIC,
    SETTINGS,
    SHORT,
    as_text,
    is_time,
    measured,
    typed,
)
from grokrfm.collect.reading import Reading, read
from grokrfm.collect.short import short_names
from grokrfm.runs import features as feature_files
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.record import Names, Record
from grokrfm.runs.settings import Settings, dotted
from grokrfm.runs.store import Folders, open_stores

log = logging.getLogger(__name__)

MOMENTS = ("started", "ended")

ABSENT = object()  # in place of a part of the settings that a run does not have


def runs(studies: Folders) -> pd.DataFrame:
    """Frame with one row per run: its best attempt (a finished one first, then the latest).

    Parameters
    ----------
    studies   one study folder or several; sweeps may still write to them

    Returns
    -------
    DataFrame with digest, status ("missing" for a run that is planned and has no record), the
    settings as dotted columns (a list as its JSON text, which can be grouped and compared), the
    learner's facts, the final numbers (missing unless finished; a time such as grok_iteration also
    when not reached, and grok_iteration_measured tells the runs that looked for it if some did
    not), seconds (wall time), device, host, commit, dirty, schema (of the digest), started and
    ended (UTC), error. Behind them stand the scientific settings under short names, such as
    train_fraction, kernel for kernel.name, and task_modulus where several have a modulus; a list is
    a list there. Its attrs name the scientific settings and the leading numbers.

    A run that finished twice with different numbers causes a warning (see `conflicts`).

    Raises
    ------
    StoreError   if a folder is not a study
    """
    return frame(read(studies), short=True)


@without_garbage_collection()
def frame(reading: Reading, *, short: bool = False) -> pd.DataFrame:
    """Frame as `runs` returns it, of studies that have been read; short names only if wanted."""
    disagreement.warn(reading.records)
    records = [record for _, record in reading.best]
    missing = len(reading.missing)
    configs = [*(record.config for record in records), *reading.missing.values()]
    settings, lists = _settings(configs)
    leading = list(dict.fromkeys(name for names in reading.names for name in names.leading))
    final = [record.metrics if record.status == "finished" else {} for record in records]
    numbers = {*leading, *(name for record in records for name in record.metrics)}
    outcome: dict[str, list[Any]] = {
        **_listed([record.facts for record in records]),
        **_listed(final),
        **_ends(records),
    }
    columns = {
        "digest": typed([*(record.digest for record in records), *reading.missing]),
        "status": typed([*(record.status for record in records), *["missing"] * missing]),
        **settings,
        **{
            name: _column(name, values + [None] * missing, name in numbers)
            for name, values in outcome.items()
        },
    }
    rows = len(records) + missing
    for name in leading:
        if name not in columns:
            columns[name] = _column(name, [None] * rows, True)
    for name in sorted(filter(is_time, numbers)):
        holds = [name in values for values in final]
        if not all(held for held, values in zip(holds, final, strict=True) if values):
            columns[measured(name)] = typed(holds + [False] * missing)
    scientific = [name for name in settings if _is_scientific(name, reading.names)]
    names = _short(scientific, columns) if short else {}
    found = pd.DataFrame(
        columns | {name: lists.get(full, settings[full]) for name, full in names.items()}
    )
    objectives = (names.objective for names in reading.names if names.objective)
    found.attrs = {
        SETTINGS: list(settings),
        SCIENTIFIC: scientific,
        LEADING: leading,
        OBJECTIVE: next(objectives, None),
        SHORT: names,
    }
    return found


def features(studies: Folders, digest: str) -> dict[int, np.ndarray]:
    """Saved feature matrices of a run: {k: M_k, (d, d)}, k = updates made; warns if there are none.

    M_0 is the starting matrix; iteration k is fitted with M_k.

    Raises
    ------
    StoreError   if no study holds a run of that digest
    """
    stores = open_stores(studies)
    if not any(record.digest == digest for store in stores for record in store.records()):
        raise StoreError(
            f"no run with digest {digest} in {', '.join(str(s.study) for s in stores)}"
        )
    kept: dict[int, np.ndarray] = {}
    for store in stores:
        kept |= feature_files.read(store.study, digest)
    if not kept:
        log.warning(
            "run %s saved no feature matrices; compute it again with save.features=last (or all)",
            digest,
        )
    return dict(sorted(kept.items()))


def conflicts(studies: Folders) -> pd.DataFrame:
    """Frame with one row per number that differs between two finished attempts at a run.

    Returns
    -------
    DataFrame with digest, number, first, second (in the order of the attempts), attempts
    """
    found = disagreement.conflicts(read(studies).records)
    names = [field.name for field in fields(disagreement.Conflict)]
    return pd.DataFrame([asdict(conflict) for conflict in found], columns=names)


def _ends(records: Sequence[Record]) -> dict[str, list[Any]]:
    """Columns of the attempts themselves."""
    provenances = [record.provenance for record in records]
    git = [provenance.get("git") or {} for provenance in provenances]
    return {
        "seconds": [_seconds(record) for record in records],
        "device": [provenance.get("device") for provenance in provenances],
        "threads": [provenance.get("threads") for provenance in provenances],
        "host": [provenance.get("host") for provenance in provenances],
        "commit": [commit.get("commit") for commit in git],
        "dirty": [commit.get("dirty") for commit in git],
        "schema": [provenance.get("schema") for provenance in provenances],
        "started": [record.started for record in records],
        "ended": [record.ended for record in records],
        "error": [record.error["message"] if record.error else None for record in records],
    }


def _seconds(record: Record) -> float | None:
    if record.seconds is None and record.ended is not None:
        return record.ended - record.started
    return record.seconds


def _is_scientific(setting: str, learners: Sequence[Names]) -> bool:
    """True if a setting determines the result: what is computed, or what is measured of it."""
    if setting == "seed":
        return False
    measures = setting.startswith("probe.")
    return measures or any(names.is_scientific(setting) for names in learners)


def _short(scientific: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Short names of the settings of what is computed; probes have none."""
    settings = [name for name in scientific if "." in name and not name.startswith("probe.")]
    return short_names(settings, taken)


def _settings(configs: Sequence[Settings]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Dotted columns, and those of lists once more as lists; shared parts are converted once."""
    columns: dict[str, Any] = {}
    lists: dict[str, Any] = {}
    for key in dict.fromkeys(chain.from_iterable(configs)):
        parts = [config.get(key, ABSENT) for config in configs]
        distinct = {id(part): part for part in parts}
        code = {identity: number for number, identity in enumerate(distinct)}
        codes = np.fromiter((code[id(part)] for part in parts), dtype="int64", count=len(parts))
        levels = [dict(dotted({} if p is ABSENT else {key: p})) for p in distinct.values()]
        for name, values in _listed(levels).items():
            columns[name] = pd.Series(typed(list(map(as_text, values)))).array.take(codes)
            if any(isinstance(value, (list, dict)) for value in values):
                lists[name] = pd.Series(values, dtype="object").array.take(codes)
    return columns, lists


def _listed(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of rows, None where a row has no such column."""
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}


def _column(name: str, values: list[Any], is_number: bool) -> Any:
    if name in MOMENTS:
        return pd.to_datetime(values, unit="s", utc=True)
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and (name.startswith("n_") or (is_number and is_time(name))):
        return pd.array(values, dtype="Int64")
    if name == "seconds" or (is_number and (float in kinds or not kinds)):
        return np.array(values, dtype="float64") if kinds <= {int, float} else typed(values)
    return typed(values)
