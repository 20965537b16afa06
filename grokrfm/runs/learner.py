"""The learner's seam: an abstract Learner, the Observations it yields, and a Run of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.record import Names, Number
from grokrfm.runs.shared import Shared
from grokrfm.runs.spec import Spec

if TYPE_CHECKING:  # a command that builds no learner must not wait for torch
    import torch

Arrays = Mapping[str, np.ndarray]


def no_arrays() -> Arrays:
    """Return no arrays, as an Observation does by default."""
    return {}


@dataclass(frozen=True, eq=False)
class Observation:
    """One observed iteration of a learner.

    Parameters
    ----------
    iteration : int       from 0; increases, not necessarily by one; iteration + 1 updates were made
    numbers               by name; the same names in every observation
    arrays : {k: (d, d)}  feature matrices that the selection wants, k = updates made
    state                 makes the arrays from which a run continues; None: it starts over
    predictions           makes the arrays of the predictions that `save.predictions` keeps
    hindsight             lists of numbers, one per observation, known only at the last one
    """

    iteration: int
    numbers: Mapping[str, Number]
    arrays: Mapping[int, np.ndarray] = field(default_factory=dict)
    state: Callable[[], Arrays] | None = None
    predictions: Callable[[], Arrays] = no_arrays
    hindsight: Mapping[str, list[float]] = field(default_factory=dict)


class Learner(ABC):
    """Base class of learners; the root of a primary config names one.

    A learner is built from the keys of the config's root that its constructor takes. To write:
    `iterations`, and `observe`. The rest has defaults.

    Attributes
    ----------
    PLUMBING            constructor arguments that change no result; they do not count in the digest
    iterations : int    the most iterations there will be
    checkpoint_seconds  time between checkpoints; 0: after every observation
    leading             names of the numbers that progress, summaries and tables show first
    objective           name of the number that optimising sweepers get; None: the first leading one
    features            update counts k at which a feature matrix M_k can be kept
    is_random : bool    False if nothing in this run depends on its seed; a sweep computes one seed
    batch : int | str   the most runs it may be computed with at once, itself included; "auto": as
                        many as is fastest
    batch_setting       name of the setting behind it
    """

    PLUMBING: ClassVar[Collection[str]] = ()

    iterations: int
    checkpoint_seconds: float = 60.0
    leading: Sequence[str] = ()
    objective: str | None = None
    features: Collection[int] = ()
    is_random: bool = True
    batch: int | str = 1
    batch_setting: ClassVar[str] = "batch"

    @property
    def title(self) -> str:
        """Description of the learner in one line."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title}, {self.iterations} iterations>"

    @abstractmethod
    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        """Learn, and yield observations; `resume` is the state of an earlier one to continue."""

    def facts(self) -> dict[str, Any]:
        """Return facts that are known before the first iteration, such as the size of the data."""
        return {}

    def figure_arrays(self) -> Arrays:
        """Return arrays that figures need beside feature matrices and predictions."""
        return {}

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        """Return numbers of the run as a whole.

        A number whose name ends in `_iteration` is the iteration of an event; None: no event.
        """
        return {}

    def cost(self) -> float:
        """Estimate the duration of the run in seconds; measured runs correct it."""
        return 0.01 * self.iterations

    def memory(self) -> float | None:
        """Estimate the least memory of the run in bytes; None: unknown."""
        return None

    def cost_class(self) -> str:
        """Name the runs whose durations are the same multiple of `cost`."""
        return ""

    def progress(self, numbers: Mapping[str, Number]) -> str:
        """Return the numbers of an observation for the progress line."""
        return "  ".join(_shown(name, numbers[name]) for name in self.leading if name in numbers)

    def summary(self, facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> list[str]:
        """Return the lines that sum up a run in the terminal."""
        shown = [_shown(name, metrics[name]) for name in self.leading if name in metrics]
        return [", ".join(shown)] if shown else []

    @classmethod
    def remarks(cls, metrics: Sequence[Mapping[str, Number]]) -> list[str]:
        """Return important lines about the runs that ended in a sweep, for its summary."""
        return []

    def share(self, shared: Shared) -> None:
        """Use `shared` for arrays that other runs of the study need too; by default, do not."""
        return

    def batch_key(self, device: torch.device) -> Hashable:
        """Return a key that is equal for runs that can be one batch; None: always alone.

        The caller knows `batch`: it need not count here.
        """
        return None

    @classmethod
    def observe_batched(
        cls,
        learners: Sequence[Self],
        device: torch.device,
        keeps: Sequence[FeatureSelection],
        resumes: Sequence[Arrays | None],
    ) -> Iterator[tuple[int, Observation | Exception]]:
        """`observe` for learners of equal `batch_key`, each with its index in `learners`.

        A learner that fails yields its error, and nothing after it.
        """
        raise NotImplementedError(f"{cls.__name__} gives a batch_key and computes no batches")


@dataclass(frozen=True, eq=False)
class Run:
    """One run to be computed.

    Parameters
    ----------
    spec : Spec         what is computed and kept
    learner : Learner   built from the settings
    config              all settings, for the record
    names : Names       which settings are scientific, which numbers lead
    """

    spec: Spec
    learner: Learner
    config: Mapping[str, Any]
    names: Names = field(default_factory=Names)

    def __repr__(self) -> str:
        return f"<Run {self.spec.digest}: {self.learner.title}>"


def _shown(name: str, value: Number) -> str:
    return f"{name} {value:.4g}" if isinstance(value, (int, float)) else f"{name} {value}"
