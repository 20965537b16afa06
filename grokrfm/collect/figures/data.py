"""Frames, settings and arrays of the runs that a figure shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from grokrfm.checks import StoreError
from grokrfm.collect import frames
from grokrfm.collect.observations import observations
from grokrfm.collect.reading import Reading, read
from grokrfm.runs import features as feature_files
from grokrfm.runs import predictions as prediction_files
from grokrfm.runs.files import warn_skipped
from grokrfm.runs.record import Record
from grokrfm.runs.store import Folders, Store

T = TypeVar("T")

MOST_LOOKED_AT = 60


@dataclass(frozen=True, eq=False)
class Data:
    """Frames of some studies, each read once, at its first use."""

    studies: Folders

    @classmethod
    def of_runs(cls, runs: pd.DataFrame) -> Data:
        """Data of runs that have been read; without histories and arrays."""
        data = cls(())
        data.__dict__["runs"] = runs
        return data

    @classmethod
    def of_steps(cls, steps: pd.DataFrame) -> Data:
        """Data of histories that have been read, with settings of their runs beside them."""
        data = cls.of_runs(steps.drop_duplicates("digest").assign(status="finished"))
        data._histories[None] = steps
        return data

    @property
    def names(self) -> list[str]:
        """Names of the studies."""
        folders = [self.studies] if isinstance(self.studies, str | PathLike) else self.studies
        return [Path(folder).resolve().name for folder in folders]

    @cached_property
    def reading(self) -> Reading:
        return read(self.studies)

    @cached_property
    def runs(self) -> pd.DataFrame:
        return frames.frame(self.reading)

    def steps(self, numbers: Sequence[str] | None) -> pd.DataFrame:
        """Histories of the runs: digest, iteration and some numbers; None: all.

        The histories are read again only for numbers that no earlier call has asked for.
        """
        for held, steps in self._histories.items():
            if held is None or (numbers is not None and held >= set(numbers)):
                return steps
        steps = observations(self.reading, numbers)
        self._histories[None if numbers is None else frozenset(numbers)] = steps
        return steps

    @cached_property
    def _histories(self) -> dict[frozenset[str] | None, pd.DataFrame]:
        return {}

    @cached_property
    def records(self) -> dict[str, tuple[Store, Record]]:
        """Best record of every run and the store that holds it, by digest."""
        return {record.digest: (store, record) for store, record in self.reading.best}

    def config(self, digest: str) -> Mapping[str, Any]:
        """Settings of a run, as nested plain values."""
        return self.records[digest][1].config

    def features(self, digest: str) -> dict[int, np.ndarray]:
        """Feature matrices of a run, {k: M_k}; empty if none were saved, or none can be read."""
        return _read(feature_files.read, self._study(digest), digest)

    def figure_arrays(self, digest: str) -> dict[str, np.ndarray]:
        """Arrays that the learner keeps beside feature matrices or predictions, by its names."""
        study = self._study(digest)
        kept = _read(feature_files.read_figure_arrays, study, digest)
        return kept or _read(prediction_files.read, study, digest)

    def predictions(self, digest: str, needed: Collection[str]) -> dict[str, np.ndarray] | None:
        """Saved predictions of a run (see grokrfm.runs.predictions), by the learner's names.

        None if there are none, or one of those `needed` is not among them.
        """
        read = partial(prediction_files.read, needed=needed)
        return _read(read, self._study(digest), digest) or None

    def some_run_predicts(self, needed: Collection[str]) -> bool:
        """True if a finished run has such predictions; of very many runs, some are looked at."""
        finished = self.runs.loc[self.runs["status"] == "finished", "digest"]
        looked = finished.iloc[:: -(-len(finished) // MOST_LOOKED_AT) or 1]
        return any(self.predictions(digest, needed) for digest in looked)

    def _study(self, digest: str) -> Path:
        return self.records[digest][0].study


def _read(
    read: Callable[[Path, str], dict[T, np.ndarray]], study: Path, digest: str
) -> dict[T, np.ndarray]:
    """Arrays of a run; none, with a warning, if their file is damaged: figures show the others."""
    try:
        return read(study, digest)
    except StoreError as error:
        warn_skipped(f"arrays of the run {digest}", str(error))
        return {}


def side_by_side(M: np.ndarray) -> np.ndarray:
    """Return a feature matrix, or (A, n, n) of them in one row with an empty column between."""
    if M.ndim != 3:
        return M
    gap = np.full((len(M), M.shape[1], 1), np.nan)
    return np.concatenate([part for pair in zip(M, gap, strict=True) for part in pair][:-1], axis=1)
