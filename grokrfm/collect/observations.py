"""Histories as a data frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import nearest
from grokrfm.collect.columns import names, typed
from grokrfm.collect.frames import frame
from grokrfm.collect.layout import TableError
from grokrfm.collect.reading import Reading, read
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.store import Folders

History = Mapping[str, Sequence[Any]]

CHUNK = 100_000
"""Values of a column that are Python objects at a time; later they take 8 bytes each."""


def steps(
    studies: Folders, numbers: Collection[str] | None = None, settings: Sequence[str] = ()
) -> pd.DataFrame:
    """Frame with one row per run and observation: digest, iteration, every number measured.

    Parameters
    ----------
    numbers    those to read, such as ["test_accuracy"]; None: all
    settings   columns of `runs` to stand beside them, such as ["kernel.name", "train_fraction"]

    Raises
    ------
    TableError   for an unknown setting, with the nearest one
    """
    reading = read(studies)
    found = observations(reading, numbers)
    if not settings:
        return found
    runs = frame(reading, short=True)
    for name in settings:
        if name not in runs or name in found:
            raise TableError(
                f"no setting {name!r} in these runs; {nearest(name, names(runs))}"
                if name not in runs
                else f"{name!r} is a number of these histories, not a setting"
            )
    places = pd.Index(runs["digest"]).get_indexer(pd.Index(found["digest"]))
    beside = {name: runs[name].array.take(places) for name in settings}
    joined = found.assign(**beside)
    joined.attrs = dict(runs.attrs)
    return joined


@without_garbage_collection()
def observations(reading: Reading, numbers: Collection[str] | None = None) -> pd.DataFrame:
    """Frame as `steps` returns it, of studies that have been read."""
    wanted = None if numbers is None else {"iteration", *numbers}
    columns = _Columns()
    records = [record for _, record in reading.best]
    owner = {attempt: one for one in records for attempt in (one.attempt, *one.others)}
    completed: dict[str, dict[str, History]] = defaultdict(dict)

    def add(attempt: str, history: History) -> None:
        record = owner[attempt]
        if not record.others:
            columns.add(attempt, history)
        else:  # until all of them are read
            completed[record.attempt][attempt] = history

    for store in reading.stores:
        store.each_history(add, owner.keys() - columns.places.keys(), wanted)
    for attempt, histories in completed.items():
        found = [histories[one] for one in (attempt, *owner[attempt].others) if one in histories]
        columns.add(attempt, _together(found))
    best = [record for record in records if record.attempt in columns.places]
    places = [columns.places[record.attempt] for record in best]
    order = np.concatenate([np.arange(0), *(np.arange(start, end) for start, end in places)])
    lengths = [end - start for start, end in places]
    digests = np.repeat(np.array([record.digest for record in best], dtype="object"), lengths)
    return pd.DataFrame({"digest": pd.Series(digests, dtype="str"), **columns.ordered(order)})


def _together(histories: Sequence[History]) -> History:
    """Return the first history with the numbers of later ones that it does not have."""
    found: dict[str, Sequence[Any]] = dict(histories[0])
    for history in histories[1:]:
        at = {iteration: place for place, iteration in enumerate(history.get("iteration", ()))}
        places = [at.get(iteration) for iteration in found.get("iteration", ())]
        for name in (one for one in history if one not in found):
            found[name] = [None if place is None else history[name][place] for place in places]
    return found


class _Columns:
    """Columns that grow by one history after another."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[int, int]] = {}
        self._count = 0
        self._columns: dict[str, _Column] = {"iteration": _Column(0)}

    def add(self, attempt: str, history: History) -> None:
        length = len(history.get("iteration", ()))
        if not length:
            return
        for name in history:  # in their order, the same in every process
            if name not in self._columns:
                self._columns[name] = _Column(self._count)
        for name, column in self._columns.items():
            column.extend(history.get(name) or [None] * length)
        self.places[attempt] = self._count, self._count + length
        self._count += length

    def ordered(self, order: np.ndarray) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in list(self._columns):
            values = self._columns.pop(name).values()[order]  # frees one column after another
            found[name] = typed(list(values)) if values.dtype == object else values
        return {**found, "iteration": found["iteration"].astype("int64")}


class _Column:
    """Values of one number; those missing are NaN, or None among texts."""

    def __init__(self, missing: int) -> None:
        self._compact: list[np.ndarray] = [np.full(missing, np.nan)]
        self._recent: list[Any] = []

    def extend(self, values: Sequence[Any]) -> None:
        self._recent += values
        if len(self._recent) > CHUNK:
            self._compact.append(_array(self._recent))
            self._recent = []

    def values(self) -> np.ndarray:
        parts = [*self._compact, _array(self._recent)]
        if any(part.dtype == object for part in parts):
            parts = [part.astype(object) for part in parts]
        return np.concatenate(parts)


def _array(values: list[Any]) -> np.ndarray:
    return np.array(values, dtype=object if str in set(map(type, values)) else "float64")
