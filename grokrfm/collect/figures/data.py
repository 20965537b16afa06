"""Frames, settings and arrays of the runs that a figure shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.collect import frames
from grokrfm.collect.observations import observations
from grokrfm.collect.reading import Folders, Reading, read
from grokrfm.runs import features as feature_files
from grokrfm.runs import predictions as prediction_files
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store


@dataclass(frozen=True, eq=False)
class Data:
    """Frames of some studies, each read once, at its first use."""

    studies: Folders

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
        """Feature matrices of a run, {k: M_k}; empty if none were saved."""
        return feature_files.read(self.records[digest][0].study, digest)

    def figure_arrays(self, digest: str) -> dict[str, np.ndarray]:
        """Arrays that the learner keeps beside feature matrices or predictions, by its names."""
        study = self.records[digest][0].study
        kept = feature_files.read_figure_arrays(study, digest)
        return kept or prediction_files.read(study, digest)

    def predictions(self, digest: str) -> dict[str, np.ndarray] | None:
        """Saved predictions of a run (see grokrfm.runs.predictions), None if there are none."""
        return prediction_files.read(self.records[digest][0].study, digest) or None
