"""Records as data frames."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import StoreError
from grokrfm.collect import disagreement
from grokrfm.collect.columns import LEADING, OBJECTIVE, SCIENTIFIC, SETTINGS, is_time, typed
from grokrfm.collect.reading import Folders, Reading, open_stores, read
from grokrfm.runs import features as feature_files
from grokrfm.runs.record import Names, Record
from grokrfm.runs.settings import dotted

MOMENTS = ("started", "ended")


def runs(studies: Folders) -> pd.DataFrame:
    """Frame with one row per run: its best attempt (a finished one first, then the latest).

    Parameters
    ----------
    studies   one study folder or several; sweeps may still write to them

    Returns
    -------
    DataFrame with digest, status ("missing" for a run that is planned and has no record), the
    settings as dotted columns (a list as its JSON text), the learner's facts, the
    final numbers (missing unless finished; a time such as grok_iteration also when not reached),
    seconds (wall time), device, host, commit, dirty, schema (of the digest), started and ended
    (UTC), error. Its attrs name the scientific settings and the leading numbers.

    A run that finished twice with different numbers causes a warning (see `conflicts`).

    Raises
    ------
    StoreError   if a folder is not a study
    """
    return frame(read(studies))


def frame(reading: Reading) -> pd.DataFrame:
    """Frame as `runs` returns it, of studies that have been read."""
    disagreement.warn(reading.records)
    settings = _Settings()
    rows = [_run_row(record, settings) for _, record in reading.best]
    rows += [
        {"digest": digest, "status": "missing", **settings.dotted(config)}
        for digest, config in reading.missing.items()
    ]
    leading = list(dict.fromkeys(name for names in reading.names for name in names.leading))
    numbers = {*leading, *(name for _, record in reading.best for name in record.metrics)}
    present = dict.fromkeys(chain(("digest", "status"), *rows, leading))
    columns = {
        name: _column(name, [row.get(name) for row in rows], name in numbers) for name in present
    }
    found = pd.DataFrame(columns)
    objectives = (names.objective for names in reading.names if names.objective)
    found.attrs = {
        SETTINGS: settings.names,
        SCIENTIFIC: [name for name in settings.names if _is_scientific(name, reading.names)],
        LEADING: leading,
        OBJECTIVE: next(objectives, None),
    }
    return found


def steps(studies: Folders, numbers: Sequence[str] | None = None) -> pd.DataFrame:
    """Frame with one row per run and observation: digest, iteration, every number measured.

    Join with `runs` on digest.

    Parameters
    ----------
    numbers   names of the numbers to read, which takes less memory; None: all
    """
    return histories(read(studies), numbers)


def histories(reading: Reading, numbers: Sequence[str] | None = None) -> pd.DataFrame:
    """Frame as `steps` returns it, of studies that have been read."""
    by_attempt: dict[Path, dict[str, Mapping[str, list[Any]]]] = {}
    parts: list[tuple[str, int, Mapping[str, list[Any]]]] = []
    for store, record in reading.best:
        if store.study not in by_attempt:
            by_attempt[store.study] = store.histories(numbers)
        if history := by_attempt[store.study].get(record.attempt):
            parts.append((record.digest, len(history["iteration"]), history))
    lengths = [length for _, length, _ in parts]
    digests = pd.array([digest for digest, _, _ in parts], dtype="str")
    columns: dict[str, Any] = {"digest": digests.repeat(lengths)}
    for name in dict.fromkeys(chain(("iteration",), *(history for _, _, history in parts))):
        lists = (history.get(name) or [None] * length for _, length, history in parts)
        columns[name] = _numbers(name, list(chain.from_iterable(lists)))
    return pd.DataFrame(columns, copy=False)


def features(studies: Folders, digest: str) -> dict[int, np.ndarray]:
    """Saved feature matrices of a run: {k: M_k, (d, d)}, k = updates made.

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


def _run_row(record: Record, settings: _Settings) -> dict[str, Any]:
    provenance, git = record.provenance, record.provenance.get("git") or {}
    return {
        "digest": record.digest,
        "status": record.status,
        **settings.dotted(record.config),
        **{name: _plain(fact) for name, fact in record.facts.items()},
        **(record.metrics if record.status == "finished" else {}),
        "seconds": _seconds(record),
        "device": provenance.get("device"),
        "threads": provenance.get("threads"),
        "host": provenance.get("host"),
        "commit": git.get("commit"),
        "dirty": git.get("dirty"),
        "schema": provenance.get("schema"),
        "started": record.started,
        "ended": record.ended,
        "error": record.error["message"] if record.error else None,
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


class _Settings:
    """Conversion of nested settings to dotted ones; a part shared by runs is converted once."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int], tuple[Any, dict[str, Any]]] = {}

    @property
    def names(self) -> list[str]:
        """Dotted names of all settings converted so far."""
        return list(dict.fromkeys(name for _, part in self._parts.values() for name in part))

    def dotted(self, config: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, part in config.items():
            place = key, id(part)
            if place not in self._parts:  # holds the part, so that its id is not reused
                self._parts[place] = part, {n: _plain(v) for n, v in dotted({key: part})}
            found |= self._parts[place][1]
        return found


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _column(name: str, values: list[Any], is_number: bool) -> Any:
    if name in MOMENTS:
        return pd.to_datetime(values, unit="s", utc=True)
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and (name.startswith("n_") or (is_number and is_time(name))):
        return pd.array(values, dtype="Int64")
    if name == "seconds" or (is_number and (float in kinds or not kinds)):
        return np.array(values, dtype="float64") if kinds <= {int, float} else typed(values)
    return typed(values)


def _numbers(name: str, values: list[Any]) -> Any:
    if name == "iteration":
        return np.array(values, dtype="int64")
    if any(isinstance(value, str) for value in values[:1000]):
        return typed(values)
    return np.array(values, dtype="float64")
