"""One run, from its Spec to its Record."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from grokrfm.checks import GrokrfmError, StoreError
from grokrfm.runs import checkpoint, features, predictions
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import Record
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store

Number = float | int | str | None

PER_ITERATION = ("iteration", "seconds", "solver")
"""Numbers of an iteration that say nothing about the run when it is over."""


Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Observation:
    """What a learner shows of one iteration.

    Parameters
    ----------
    iteration : int       from 0
    numbers               named; the same names at every iteration
    arrays : {k: (d, d)}  the matrices that the selection wants, by updates made
    state                 makes the named arrays from which the next iteration can start
    predictions           makes the named arrays of what it predicts, see grokrfm.runs.predictions
    """

    iteration: int
    numbers: Mapping[str, Number]
    arrays: Mapping[int, np.ndarray]
    state: Callable[[], Arrays]
    predictions: Callable[[], Arrays]


class Learner(Protocol):
    """What a Spec builds: it can be run, iteration by iteration."""

    @property
    def title(self) -> str:
        """For people: what is learned, in a line."""

    @property
    def iterations(self) -> int:
        """How many iterations there will be at the most."""

    @property
    def checkpoint_seconds(self) -> float:
        """How often to keep aside where it has got to; 0 for every iteration."""

    def facts(self) -> dict[str, Any]:
        """What is known before the first iteration, such as n_train."""

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        """Run, yielding after every iteration; from the state of an earlier one if it is given."""

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        """Numbers of the run as a whole."""


class Observer(Protocol):
    """Somebody who watches a run."""

    def on_step(self, observation: Observation) -> None:
        """Called after every iteration."""


class _Progress:
    """What a run has left so far, and its checkpoint."""

    def __init__(self, spec: Spec, store: Store, every: float) -> None:
        self._spec, self._study, self._every = spec, store.study, every
        found = checkpoint.read(store.study, spec)
        self.state = found.state if found else None
        self.history = dict(found.history) if found else {}
        self.matrices = dict(found.matrices) if found else {}
        self._started = self._written = time.monotonic()
        self._before = sum(self.history.get("seconds", []))
        self.latest: Observation | None = None

    def add(self, observation: Observation) -> None:
        """Take up an iteration; write a checkpoint if the last one is old enough."""
        for name, value in {"iteration": observation.iteration, **observation.numbers}.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            self.history.setdefault(name, []).append(value if finite else None)
        self.matrices.update(observation.arrays)
        self.latest = observation
        if time.monotonic() - self._written >= self._every:
            self.save()

    def save(self) -> None:
        """Write the checkpoint now."""
        if self.latest:
            kept = checkpoint.Checkpoint(self.latest.state(), self.history, self.matrices)
            checkpoint.write(self._study, self._spec, kept)
            self._written = time.monotonic()

    def seconds(self) -> float:
        """Wall time of the run so far, with that of the iterations before it was resumed."""
        return self._before + time.monotonic() - self._started

    def last(self) -> dict[str, Number]:
        """The last value of every number measured, and the updates made."""
        last = {name: held[-1] for name, held in self.history.items() if name not in PER_ITERATION}
        return {**last, "updates": len(self.history.get("iteration", []))}


def execute(
    spec: Spec,
    learner: Learner,
    store: Store,
    hardware: Hardware,
    config: Mapping[str, Any],
    observer: Observer,
) -> Record:
    """Run a learner, from its checkpoint if there is one, and write what it leaves.

    Parameters
    ----------
    config   the settings to keep in the record: those of `spec`, and plumbing worth knowing

    Raises
    ------
    StoreError   if the store cannot be written; any error of the run itself is in the Record
    """
    threads = hardware.apply()
    progress = _Progress(spec, store, learner.checkpoint_seconds)
    start: dict[str, Any] = {
        "digest": spec.digest,
        "started": time.time(),
        "config": config,
        "facts": learner.facts(),
        "provenance": provenance(hardware.describe(), threads),
        "resumed_at": len(progress.history.get("iteration", [])),
    }
    attempt = store.start(**start)
    end: dict[str, Any] = {}
    try:
        device = hardware.torch_device
        for observation in learner.observe(device, spec.features, progress.state):
            progress.add(observation)
            observer.on_step(observation)
        if progress.matrices:
            features.write(store.study, spec.digest, progress.matrices)
        if progress.latest and spec.predictions == "last":
            predictions.write(store.study, spec.digest, progress.latest.predictions())
            end["predictions"] = True
        end |= {"status": "finished", "features": sorted(progress.matrices)}
        end["metrics"] = {**progress.last(), **learner.summarise(progress.history)}
    except StoreError:
        raise
    except KeyboardInterrupt:
        progress.save()
        _write_end(store, attempt, progress, {"status": "interrupted", "metrics": progress.last()})
        raise
    except Exception as error:
        end |= {"status": "failed", "error": _described(error), "metrics": progress.last()}
        with suppress(Exception):  # a history cut short may not sum up; why it failed is recorded
            end["metrics"] |= learner.summarise(progress.history)
    end = _write_end(store, attempt, progress, end)
    checkpoint.remove(store.study, spec)
    return Record(attempt=attempt, history=progress.history, **start, **end)


def _write_end(
    store: Store, attempt: str, progress: _Progress, end: dict[str, Any]
) -> dict[str, Any]:
    end = {"features": [], **end, "ended": time.time(), "seconds": progress.seconds()}
    store.end(attempt, progress.history, **end)
    return end


def _described(error: Exception) -> dict[str, str]:
    mended_by_user = isinstance(error, GrokrfmError)
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "" if mended_by_user else "".join(traceback.format_exception(error)),
    }
