"""What can be run and kept: a Learner, what it shows of an iteration, and who watches."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.spec import Spec

Number = float | int | str | None

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
    hindsight             named lists of numbers, one an iteration, known only at the last one
    """

    iteration: int
    numbers: Mapping[str, Number]
    arrays: Mapping[int, np.ndarray]
    state: Callable[[], Arrays]
    predictions: Callable[[], Arrays]
    hindsight: Mapping[str, list[float]] = field(default_factory=dict)


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

    @property
    def batch(self) -> int:
        """At most how many runs it may be run together with, itself counted."""

    def batch_key(self, device: torch.device) -> Hashable:
        """Equal for learners that `observe_together` takes; None for one that goes alone."""

    def facts(self) -> dict[str, Any]:
        """What is known before the first iteration, such as n_train."""

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        """Run, yielding after every iteration; from the state of an earlier one if it is given."""

    @staticmethod
    def observe_together(
        learners: Sequence[Any],
        device: torch.device,
        keeps: Sequence[FeatureSelection],
        resumes: Sequence[Arrays | None],
    ) -> Iterator[tuple[int, Observation | Exception]]:
        """`observe` for learners of equal `batch_key`, each with its place in `learners`.

        A learner that fails yields its error, and nothing after it.
        """

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        """Numbers of the run as a whole."""


@dataclass(frozen=True, eq=False)
class Run:
    """What there is to do.

    Parameters
    ----------
    spec : Spec         what is computed and left
    learner : Learner   what computes it
    config              the settings to keep in the record: those of `spec`, and plumbing
    """

    spec: Spec
    learner: Learner
    config: Mapping[str, Any]


class Observer(Protocol):
    """Somebody who watches runs."""

    def on_step(self, run: Run, observation: Observation) -> None:
        """Called after every iteration of a run."""
