"""One run, from its Spec to its Record."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from grokrfm.checks import GrokrfmError, StoreError
from grokrfm.runs import features
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.provenance import provenance
from grokrfm.runs.record import Record
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store

Number = float | int | str | None

PER_ITERATION = ("iteration", "seconds", "solver")
"""Numbers of an iteration that say nothing about the run when it is over."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What a learner shows of one iteration.

    Parameters
    ----------
    iteration : int                   from 0
    numbers                           named; the same names at every iteration
    arrays : {k: (d, d)}              the matrices that the selection wants, by updates made
    """

    iteration: int
    numbers: Mapping[str, Number]
    arrays: Mapping[int, np.ndarray]


class Learner(Protocol):
    """What a Spec builds: it can be run, iteration by iteration."""

    @property
    def title(self) -> str:
        """For people: what is learned, in a line."""

    @property
    def iterations(self) -> int:
        """How many iterations there will be at the most."""

    def facts(self) -> dict[str, Any]:
        """What is known before the first iteration, such as n_train."""

    def observe(self, device: torch.device, keep: FeatureSelection) -> Iterator[Observation]:
        """Run, yielding after every iteration."""

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        """Numbers of the run as a whole."""


class Observer(Protocol):
    """Somebody who watches a run."""

    def on_step(self, observation: Observation) -> None:
        """Called after every iteration."""


def execute(
    spec: Spec,
    learner: Learner,
    store: Store,
    hardware: Hardware,
    config: Mapping[str, Any],
    observer: Observer,
) -> Record:
    """Run a learner and write what it leaves, also when it fails.

    Parameters
    ----------
    config   the settings to keep in the record: those of `spec`, and plumbing worth knowing

    Raises
    ------
    StoreError   if the store cannot be written; any error of the run itself is in the Record
    """
    threads = hardware.apply()
    start: dict[str, Any] = {
        "digest": spec.digest,
        "started": time.time(),
        "config": config,
        "facts": learner.facts(),
        "provenance": provenance(hardware.describe(), threads),
    }
    attempt = store.start(**start)
    history: dict[str, list[Any]] = {}
    matrices: dict[int, np.ndarray] = {}
    end: dict[str, Any] = {"status": "finished"}
    try:
        for observation in learner.observe(hardware.torch_device, spec.features):
            _extend(history, observation)
            matrices.update(observation.arrays)
            observer.on_step(observation)
        if matrices:
            features.write(store.study, spec.digest, matrices)
        end["metrics"] = {**_last(history), **learner.summarise(history)}
    except StoreError:
        raise
    except KeyboardInterrupt:
        end |= {"status": "interrupted", "metrics": _last(history)}
        raise
    except Exception as error:
        end |= {"status": "failed", "metrics": _last(history), "error": _described(error)}
    finally:
        if "metrics" in end:
            end |= {"ended": time.time(), "features": sorted(matrices)}
            store.end(attempt, history, **end)
    return Record(attempt=attempt, history=history, **start, **end)


def _extend(history: dict[str, list[Any]], observation: Observation) -> None:
    for name, value in {"iteration": observation.iteration, **observation.numbers}.items():
        finite = not isinstance(value, float) or math.isfinite(value)
        history.setdefault(name, []).append(value if finite else None)


def _last(history: Mapping[str, list[Any]]) -> dict[str, Number]:
    """The last value of every number measured, and the updates made."""
    last = {name: values[-1] for name, values in history.items() if name not in PER_ITERATION}
    return {**last, "updates": len(history.get("iteration", []))}


def _described(error: Exception) -> dict[str, str]:
    mended_by_user = isinstance(error, GrokrfmError)
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "" if mended_by_user else "".join(traceback.format_exception(error)),
    }
