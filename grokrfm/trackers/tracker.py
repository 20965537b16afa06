"""Tracker: an Observer that keeps one run of a tracking program for every run of the study."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from grokrfm.checks import SettingError
from grokrfm.runs.learner import Observation
from grokrfm.runs.observer import Observer
from grokrfm.runs.record import Record
from grokrfm.trackers.values import finite, observations


class TrackedRun(ABC):
    """Run of a tracking program.

    Attributes
    ----------
    last : int   iteration up to which it holds all observations; -1: none
    """

    last: int = -1

    @abstractmethod
    def log(self, iteration: int, numbers: Mapping[str, float]) -> None:
        """Add finite numbers."""

    @abstractmethod
    def log_matrix(self, k: int, matrix: np.ndarray) -> None:
        """Add the feature matrix M_k, (d, d)."""

    @abstractmethod
    def end(self, record: Record) -> None:
        """Add the end of an attempt: its status, its final numbers and its error."""


class Tracker(Observer, ABC):
    """Base class of trackers; the digest of a run is its identity in the tracking program.

    A run that continues from a checkpoint continues its tracked run, without the observations that
    are there. One that starts over replaces it.

    Attributes
    ----------
    PACKAGE   that must be installed; also the name of the extra
    """

    PACKAGE: ClassVar[str]

    def __init__(self) -> None:
        found = find_spec(self.PACKAGE)
        if found is None or found.origin is None:  # else a folder of that name
            raise SettingError(
                "",
                f"needs the package {self.PACKAGE}, which is not installed;"
                f" pip install grokrfm[{self.PACKAGE}] installs it",
            )
        self._runs: dict[str, TrackedRun] = {}
        self._observed: dict[str, set[str]] = {}

    @abstractmethod
    def begin(self, record: Record) -> TrackedRun:
        """Return the run of a record: an earlier one that it continues, or a new one.

        It continues one of the same attempt, and any if `record.resumed_at` is not 0.
        """

    def started(self, record: Record) -> None:
        run = self._runs[record.digest] = self.begin(record)
        self._observed[record.digest] = set(record.history)
        for iteration, numbers in observations(record.history):
            if iteration > run.last:
                run.log(iteration, numbers)

    def observed(self, record: Record, observation: Observation) -> None:
        run = self._runs[record.digest]
        self._observed[record.digest] |= observation.numbers.keys()
        if observation.iteration > run.last:
            run.log(observation.iteration, finite(observation.numbers))
            for k, matrix in observation.arrays.items():
                run.log_matrix(k, matrix)

    def ended(self, record: Record) -> None:
        run, observed = self._runs.pop(record.digest), self._observed.pop(record.digest)
        for iteration, numbers in observations(record.history):  # those known only at the end
            if late := {name: x for name, x in numbers.items() if name not in observed}:
                run.log(iteration, late)
        run.end(record)
