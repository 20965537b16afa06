"""Records as data frames."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import StoreError
from grokrfm.runs import features as feature_files
from grokrfm.runs.record import Record, best_by_digest
from grokrfm.runs.store import Store

Folders = str | PathLike[str] | Sequence[str | PathLike[str]]

# Columns that are there whatever the study measured.
ALWAYS = (
    "n_train",
    "n_test",
    "train_accuracy",
    "test_accuracy",
    "train_loss",
    "test_loss",
    "test_accuracy_strict",
    "test_accuracy_fixed",
    "test_accuracy_moved",
    "undecided",
    "margin_median",
    "grok_iteration",
)


def runs(studies: Folders) -> pd.DataFrame:
    """A row a run: the best attempt at it (finished before others, then the latest).

    Parameters
    ----------
    studies   one study folder or several

    Returns
    -------
    DataFrame with digest, status, the settings as dotted columns (a list as its JSON text),
    n_train, n_test, the final numbers (missing unless finished; loss is the mean squared error over
    points and outputs), grok_iteration (missing when not reached), seconds (wall time), device,
    host, commit, dirty, started and ended (UTC), error

    Raises
    ------
    StoreError   if a folder is not a study
    """
    table = pd.DataFrame([_run_row(record) for _, record in _best(studies)])
    if table.empty:
        table = pd.DataFrame(columns=["digest", "status"])
    table = table.reindex(columns=list(dict.fromkeys([*table.columns, *ALWAYS])))
    counts = [name for name in map(str, table.columns) if name.startswith(("grok_iter", "n_t"))]
    table[counts] = table[counts].astype("Int64")
    measured = [name for name in ALWAYS if name not in counts]
    table[measured] = table[measured].astype("float64")
    return table


def steps(studies: Folders) -> pd.DataFrame:
    """A row a run and iteration: digest, iteration, every number measured, seconds, solver.

    `seconds` is the wall time of that iteration, `solver` which factorisation solved it. Join with
    `runs` on digest.
    """
    frames = []
    histories: dict[Path, dict[str, Mapping[str, list[Any]]]] = {}
    for store, record in _best(studies):
        if store.study not in histories:
            histories[store.study] = store.histories()
        if history := histories[store.study].get(record.attempt):
            frames.append(pd.DataFrame({"digest": record.digest, **history}))
    if not frames:
        return pd.DataFrame(columns=["digest", "iteration"])
    merged = pd.concat(frames, ignore_index=True)
    numbers = list(merged.columns.difference(["digest", "iteration", "solver"]))
    merged[numbers] = merged[numbers].astype("float64")
    return merged


def features(studies: Folders, digest: str) -> dict[int, np.ndarray]:
    """The feature matrices that a run kept: {k: M_k, (d, d)}, k = updates made.

    0 is the starting M; iteration k is fitted with M_k.

    Raises
    ------
    StoreError   if no study given holds a run of that digest
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


def open_stores(studies: Folders) -> list[Store]:
    """The stores of one folder or several, each checked to be a study."""
    folders = [studies] if isinstance(studies, (str, PathLike)) else list(studies)
    for folder in map(Path, folders):
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "no such folder"
            raise StoreError(f"{folder}: {what}; a study is a folder below outputs/")
        if not any((folder / part).is_dir() for part in ("segments", "sweeps")):
            inside = sorted(p.parent.name for p in folder.glob("*/segments"))
            hint = f"; it contains the studies {', '.join(inside)}" if inside else ""
            raise StoreError(f"{folder}: is not a study, it has no segments/ with records{hint}")
    return [Store(Path(folder)) for folder in folders]


def _best(studies: Folders) -> Iterator[tuple[Store, Record]]:
    """The best record of every digest over all studies, in the order of their starts."""
    owners: dict[str, Store] = {}
    records = []
    for store in open_stores(studies):
        for record in store.records():
            owners[record.attempt] = store
            records.append(record)
    for record in sorted(best_by_digest(records).values(), key=lambda record: record.started):
        yield owners[record.attempt], record


def _run_row(record: Record) -> dict[str, Any]:
    provenance, git = record.provenance, record.provenance.get("git") or {}
    return {
        "digest": record.digest,
        "status": record.status,
        **dict(_dotted(record.config)),
        **record.facts,
        **(record.metrics if record.status == "finished" else {}),
        "seconds": record.seconds or (record.ended or np.nan) - record.started,
        "device": provenance.get("device"),
        "threads": provenance.get("threads"),
        "host": provenance.get("host"),
        "commit": git.get("commit"),
        "dirty": git.get("dirty"),
        "started": pd.Timestamp(record.started, unit="s", tz="UTC"),
        "ended": pd.Timestamp(record.ended, unit="s", tz="UTC") if record.ended else pd.NaT,
        "error": record.error["message"] if record.error else None,
    }


def _dotted(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{key}.")
        elif key != "_target_":
            yield prefix + key, json.dumps(value) if isinstance(value, list) else value
