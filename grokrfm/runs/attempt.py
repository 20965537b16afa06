"""One attempt at a run: what it leaves while it goes on and when it ends."""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch

from grokrfm.checks import GrokrfmError
from grokrfm.runs import checkpoint, features, predictions
from grokrfm.runs.learner import Number, Observation, Run
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store

log = logging.getLogger(__name__)

LOG_SECONDS = 30
"""How often, at the most, a run says in the log where it has got to."""

PER_ITERATION = ("iteration", "seconds", "solver")
"""Numbers of an iteration that say nothing about the run when it is over."""

OUT_OF_MEMORY = "OutOfMemoryError"
"""The type that a record gives an error of this kind, whoever raised it."""


class Attempt:
    """Writes the line of its start, takes up what the learner shows, and writes how it ended.

    Parameters
    ----------
    origin   the provenance; its "batch" says how many runs share the wall time
    """

    def __init__(self, run: Run, store: Store, origin: Mapping[str, Any]) -> None:
        self.run = run
        self._store = store
        found = checkpoint.read(store.study, run.spec)
        self.state = found.state if found else None
        self._history = dict(found.history) if found else {}
        self._matrices = dict(found.matrices) if found else {}
        self._share = 1 / origin["batch"]
        self._started = self._written = self._logged = time.monotonic()
        self._before = sum(self._history.get("seconds", []))
        self._latest: Observation | None = None
        self._start: dict[str, Any] = {
            "digest": run.spec.digest,
            "started": time.time(),
            "config": run.config,
            "facts": run.learner.facts(),
            "provenance": origin,
            "resumed_at": len(self._history.get("iteration", [])),
        }
        self._end: dict[str, Any] = {}
        self._name = store.start(**self._start)

    def add(self, observation: Observation) -> None:
        """Take up an iteration; write a checkpoint if the last one is old enough."""
        for name, value in {"iteration": observation.iteration, **observation.numbers}.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            self._history.setdefault(name, []).append(value if finite else None)
        self._history.update({name: list(held) for name, held in observation.hindsight.items()})
        self._matrices.update(observation.arrays)
        self._latest = observation
        if time.monotonic() - self._written >= self.run.learner.checkpoint_seconds:
            self._save()
        if time.monotonic() - self._logged >= LOG_SECONDS:
            self._log(observation.iteration)

    def finish(self) -> None:
        """All iterations are done; the run fails if it cannot be summed up."""
        try:
            summary = self.run.learner.summarise(self._history)
        except (Exception, SystemExit) as error:
            self.fail(error)
            return
        if self._matrices:
            features.write(self._store.study, self.run.spec.digest, self._matrices)
        keeps = self._latest is not None and self.run.spec.predictions == "last"
        if self._latest and keeps:
            kept = self._latest.predictions()
            predictions.write(self._store.study, self.run.spec.digest, kept)
        self._write_end(
            status="finished",
            metrics={**self._last(), **summary},
            features=sorted(self._matrices),
            predictions=keeps,
        )
        checkpoint.remove(self._store.study, self.run.spec)

    def fail(self, error: Exception | SystemExit) -> None:
        """The run raised an error."""
        metrics = self._last()
        with suppress(Exception):  # a history cut short may not sum up; why it failed is recorded
            metrics |= self.run.learner.summarise(self._history)
        self._write_end(status="failed", error=_described(error), metrics=metrics)
        checkpoint.remove(self._store.study, self.run.spec)

    def interrupt(self) -> None:
        """The run is to stop here, and may go on from here later."""
        self._save()
        self._write_end(status="interrupted", metrics=self._last())

    @property
    def ended(self) -> bool:
        return bool(self._end)

    @property
    def record(self) -> Record:
        """What is written, once it has ended."""
        return Record(attempt=self._name, history=self._history, **self._start, **self._end)

    def _save(self) -> None:
        """Write the checkpoint now."""
        if self._latest:
            kept = checkpoint.Checkpoint(self._latest.state(), self._history, self._matrices)
            checkpoint.write(self._store.study, self.run.spec, kept)
            self._written = time.monotonic()

    def _log(self, iteration: int) -> None:
        """Seconds are of the wall, though a batch shares them: this is about when it will end."""
        self._logged = time.monotonic()
        done = len(self._history["iteration"]) - self._start["resumed_at"]
        each = (self._logged - self._started) / done
        iterations = self.run.learner.iterations
        log.info(
            "%s (%s): iteration %d of %d, %.3g s/it, %.0f s left",
            self._start["digest"],
            self.run.learner.title,
            iteration + 1,
            iterations,
            each,
            each * (iterations - iteration - 1),
        )

    def _write_end(self, **end: Any) -> None:
        taken = (time.monotonic() - self._started) * self._share
        end = {"features": [], **end, "ended": time.time(), "seconds": self._before + taken}
        self._store.end(self._name, self._history, **end)
        self._end = end

    def _last(self) -> dict[str, Number]:
        """The last value of every number measured, and the updates made."""
        last = {name: held[-1] for name, held in self._history.items() if name not in PER_ITERATION}
        return {**last, "updates": len(self._history.get("iteration", []))}


def _described(error: Exception | SystemExit) -> dict[str, str]:
    mended_by_user = isinstance(error, GrokrfmError)
    return {
        "type": OUT_OF_MEMORY if is_out_of_memory(error) else type(error).__name__,
        "message": str(error),
        "traceback": "" if mended_by_user else "".join(traceback.format_exception(error)),
    }


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory did not suffice; of a CPU torch says so only in words."""
    in_words = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return in_words or isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError))
