"""One attempt at a run: its lines in the store, its checkpoints and its arrays."""

from __future__ import annotations

import logging
import math
import time
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from grokrfm.checks import GrokrfmError, SettingError, described
from grokrfm.runs import checkpoint, features, predictions
from grokrfm.runs.learner import Observation, Run
from grokrfm.runs.record import OUT_OF_MEMORY, Number, Record
from grokrfm.runs.store import Store

log = logging.getLogger(__name__)

LOG_SECONDS = 30
"""Seconds between two lines of a run in the log."""

PROGRESS_SECONDS, PROGRESS_SHARE = 1.0, 0.02
"""Seconds between two lines of its progress in the store, and share of its time so far.

The longer of both counts: a run of a day writes 300 lines, one of a second none.
"""

PER_ITERATION = ("iteration", "seconds", "solver")
"""Numbers of an iteration that do not describe the run as a whole."""


class Attempt:
    """Writes the line of its start, adds the learner's observations, and writes its end.

    Parameters
    ----------
    origin      the provenance; its "batch" is the number of runs that share the wall time
    log_start   first byte of its output in the log of its worker
    """

    def __init__(self, run: Run, store: Store, origin: Mapping[str, Any], log_start: int) -> None:
        self.run = run
        self._store = store
        found = checkpoint.read(store.study, run.spec)
        self.state = found.state if found else None
        self._history = dict(found.history) if found else {}
        self._matrices = dict(found.matrices) if found else {}
        self._share = 1 / origin["batch"]
        self._started = self._written = self._logged = self._shown = time.monotonic()
        self._before = found.seconds if found else 0.0
        self._latest: Observation | None = None
        learner = run.learner
        facts = learner.facts()
        self._refuse_settings(facts, "fact")
        self._start: dict[str, Any] = {
            "digest": run.spec.digest,
            "started": time.time(),
            "config": run.config,
            "facts": {"title": learner.title, **facts},
            "provenance": origin,
            "names": run.names,
            "sources": run.spec.sources,
            "cost": {
                "seconds": learner.cost(),
                "iterations": learner.iterations,
                "class": learner.cost_class(),
            },
            "resumed_at": self._updates,
            "log_start": log_start,
        }
        self._end: dict[str, Any] = {}
        self._name = store.start(**{**self._start, "names": asdict(run.names)})

    def add(self, observation: Observation) -> None:
        """Add an observation; write a checkpoint if the last one is old enough."""
        numbers = {"iteration": observation.iteration, **observation.numbers}
        self._refuse_settings(numbers, "number")
        for name, value in numbers.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            self._history.setdefault(name, []).append(value if finite else None)
        self._history.update({name: list(held) for name, held in observation.hindsight.items()})
        self._matrices.update(observation.arrays)
        self._latest = observation
        if time.monotonic() - self._written >= self.run.learner.checkpoint_seconds:
            self._save()
        now = time.monotonic()
        if now - self._logged >= LOG_SECONDS:
            self._log()
        pause = max(PROGRESS_SECONDS / self._share, PROGRESS_SHARE * (now - self._started))
        if now - self._shown >= pause:
            self._shown, last = now, self._last()
            names = ("updates", *self.run.learner.leading)
            self._store.progress(self._name, {name: last[name] for name in names if name in last})

    def finish(self) -> None:
        """End a run whose iterations are done; it fails if its numbers cannot be summed up."""
        study, spec = self._store.study, self.run.spec
        try:
            summary = self.run.learner.summarise(self._history)
            self._refuse_settings(summary, "number")
        except (Exception, SystemExit) as error:
            self.fail(error)
            return
        if self._matrices:
            features.write(study, spec.digest, self._matrices, self.run.learner.figure_arrays())
        keeps = self._latest is not None and spec.predictions == "last"
        if self._latest and keeps:
            arrays = {**self._latest.predictions(), **self.run.learner.figure_arrays()}
            predictions.write(study, spec.digest, arrays)
        self._write_end(
            status="finished",
            metrics={**self._last(), **summary},
            features=sorted(self._matrices),
            predictions=keeps,
        )
        checkpoint.remove(study, spec)

    def fail(self, error: BaseException) -> None:
        """End a run that raised an error."""
        metrics = self._last()
        with suppress(Exception):  # summarise may fail for a short history; the error is recorded
            metrics |= self.run.learner.summarise(self._history)
        self._write_end(status="failed", error=_details(error), metrics=metrics)
        checkpoint.remove(self._store.study, self.run.spec)

    def interrupt(self) -> None:
        """End an attempt that a later one continues from its checkpoint."""
        self._save()
        self._write_end(status="interrupted", metrics=self._last())

    @property
    def ended(self) -> bool:
        return bool(self._end)

    @property
    def record(self) -> Record:
        """The record, without an end until the attempt has ended."""
        end = self._end or {"status": "running", "ended": None}
        return Record(attempt=self._name, history=self._history, **self._start, **end)

    @property
    def _updates(self) -> int:
        """Updates made at the last observation."""
        return self._history["iteration"][-1] + 1 if self._history.get("iteration") else 0

    @property
    def _seconds(self) -> float:
        """Wall time so far; runs of one batch share it."""
        return self._before + (time.monotonic() - self._started) * self._share

    def _refuse_settings(self, names: Iterable[str], kind: str) -> None:
        """Refuse names of settings: a table has one column for each name."""
        if clash := self.run.config.keys() & set(names):
            raise SettingError(min(clash), f"is a setting and a {kind}; rename one of them")

    def _save(self) -> None:
        """Write the checkpoint, if the learner can be continued."""
        if self._latest and self._latest.state:
            kept = checkpoint.Checkpoint(
                self._latest.state(), self._history, self._matrices, self._seconds
            )
            checkpoint.write(self._store.study, self.run.spec, kept)
            self._written = time.monotonic()

    def _log(self) -> None:
        """Log progress in seconds of wall time, though a batch shares them."""
        self._logged = time.monotonic()
        each = (self._logged - self._started) / (self._updates - self._start["resumed_at"])
        iterations = self.run.learner.iterations
        log.info(
            "%s (%s): iteration %d of %d, %.3g s/it, %.0f s left",
            self._start["digest"],
            self.run.learner.title,
            self._updates,
            iterations,
            each,
            each * (iterations - self._updates),
        )

    def _write_end(self, **end: Any) -> None:
        end = {"features": [], **end, "ended": time.time(), "seconds": self._seconds}
        self._store.end(self._name, self._history, **end)
        self._end = end

    def _last(self) -> dict[str, Number]:
        """Return the last value of every number measured, and the updates made."""
        last = {name: held[-1] for name, held in self._history.items() if name not in PER_ITERATION}
        return {**last, "updates": self._updates}


def _details(error: BaseException) -> dict[str, str]:
    by_user = isinstance(error, GrokrfmError)
    return {
        "type": OUT_OF_MEMORY if is_out_of_memory(error) else type(error).__name__,
        "message": described(error),
        "traceback": "" if by_user else "".join(traceback.format_exception(error)),
    }


def is_out_of_memory(error: BaseException) -> bool:
    """True for an out-of-memory error; on a CPU only the message of torch shows it."""
    import torch

    in_words = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return in_words or isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError))
