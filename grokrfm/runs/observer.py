"""Observers of runs: called when a run starts, is observed and ends."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from grokrfm.checks import described
from grokrfm.runs.record import Record

if TYPE_CHECKING:  # a process that computes no run must not wait for numpy
    import numpy as np

    from grokrfm.runs.learner import Observation


class Observer:
    """Observer of the runs that a process computes; the base class of trackers.

    Every method does nothing here, so that an observer implements those that it needs. Runs of one
    batch are observed alternately: `record.digest` tells them apart. `grokrfm-export` calls the
    same methods for runs that have ended.

    Attributes
    ----------
    place : str   of the runs that it was given, for messages; "" if it has none
    """

    place: str = ""

    def open(self, study: Path) -> None:
        """Prepare for the runs of a study; called once, before the first of them."""
        return

    def started(self, record: Record) -> None:
        """Note that a run starts, or continues from a checkpoint.

        Parameters
        ----------
        record   without an end; it continues if `resumed_at` is not 0, and `history` then holds the
                 numbers up to the checkpoint
        """
        return

    def observed(self, record: Record, observation: Observation) -> None:
        """Note an observation; after a checkpoint those that were lost are made again."""
        return

    def ended(self, record: Record) -> None:
        """Note the end of an attempt; a run that was interrupted starts again later."""
        return

    def holds(self, record: Record) -> bool:
        """True if an attempt that has ended need not be exported: all of it was given before."""
        return False


def replay(
    record: Record, observer: Observer, arrays: Mapping[int, np.ndarray] | None = None
) -> None:
    """Give an observer a run that has ended, from its record with its history.

    Parameters
    ----------
    arrays   {k: M_k}, the feature matrices that it kept
    """
    from grokrfm.runs.learner import Observation

    start = replace(record, status="running", ended=None, history={})
    observer.started(start)
    iterations = record.history.get("iteration", ())
    for place, iteration in enumerate(iterations):
        numbers = {name: values[place] for name, values in record.history.items()}
        is_last = place == len(iterations) - 1
        kept = arrays if arrays and is_last else {}
        observer.observed(start, Observation(iteration, numbers, kept))
    observer.ended(record)


class Observers(Observer):
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def open(self, study: Path) -> None:
        for observer in self._observers:
            observer.open(study)

    def started(self, record: Record) -> None:
        for observer in self._observers:
            observer.started(record)

    def observed(self, record: Record, observation: Observation) -> None:
        for observer in self._observers:
            observer.observed(record, observation)

    def ended(self, record: Record) -> None:
        for observer in self._observers:
            observer.ended(record)


class Harmless(Observer):
    """Observer whose errors cost no run: the first is shown, and then no method is called.

    Parameters
    ----------
    warn          shows a message
    name : str    of the observer in the message
    """

    def __init__(self, observer: Observer, warn: Callable[[str], None], name: str) -> None:
        self._observer, self._warn, self._name = observer, warn, name

    def open(self, study: Path) -> None:
        self._study = study
        self._call(self._observer.open, study)

    def started(self, record: Record) -> None:
        self._call(self._observer.started, record)

    def observed(self, record: Record, observation: Observation) -> None:
        self._call(self._observer.observed, record, observation)

    def ended(self, record: Record) -> None:
        self._call(self._observer.ended, record)

    def holds(self, record: Record) -> bool:
        return bool(self._call(self._observer.holds, record))

    def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return method(*arguments)
        except (Exception, SystemExit) as error:
            self._observer = Observer()
            self._warn(
                f"tracker {self._name}: {described(error)}; the runs continue without it, and"
                f" grokrfm-export {shlex.quote(str(self._study))} --to {self._name} adds them later"
            )
