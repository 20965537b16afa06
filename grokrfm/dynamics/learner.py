"""The Dynamics learner: an environment, a model and its training put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch

from grokrfm.checks import SettingError, integer, setting_prefix
from grokrfm.dynamics import text
from grokrfm.dynamics.arrays import figure_arrays
from grokrfm.dynamics.episodes import Member
from grokrfm.dynamics.loop import trained
from grokrfm.dynamics.model import Model
from grokrfm.dynamics.partition import seen_transitions
from grokrfm.dynamics.training import Training
from grokrfm.environments import Environment, Tabular
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Arrays, Learner, Observation
from grokrfm.runs.record import Number
from grokrfm.splits import Splitter


class Dynamics(Learner):
    """A model that learns from interaction the group of an environment; see Learner.

    Parameters
    ----------
    split : Splitter   holds out transitions of an environment that has a table of them
    horizons           numbers of actions after which roll-outs are compared with the truth, once
                       the training is over
    seed : int         drives the split, the weights and the walks

    Attributes
    ----------
    seen : (S, A) bool   transitions that the training sees; None: all

    Raises
    ------
    SettingError   if the parts do not fit each other
    """

    PLUMBING: ClassVar = ("horizons",)
    leading = ("reconstruction_loss", "held_out_accuracy", "closure_order", "verdict")

    def __init__(
        self,
        env: Environment,
        split: Splitter,
        model: Model,
        train: Training,
        horizons: Sequence[int],
        seed: int,
    ) -> None:
        self.environment, self.model, self.training = env, model, train
        self.seed = integer("seed", seed, minimum=0)
        self.iterations, self.batch = train.updates, train.batch
        self.checkpoint_seconds = train.checkpoint_seconds
        self.features = [0, *train.observed]
        self.horizons = _horizons(horizons, env)
        if env.horizon_limit and train.length > env.horizon_limit:
            raise SettingError(
                "train.length", f"must be at most {env.horizon_limit} in {env.title}"
            )
        with setting_prefix("split"):
            self.seen = seen_transitions(env, split, np.random.default_rng(self.seed))
        with setting_prefix("model"), torch.random.fork_rng(devices=[]):
            model.module(env)

    @property
    def title(self) -> str:
        n = self.model.latent or self.environment.smallest_latent
        return f"{self.environment.title}, {type(self.model).__name__} in R^{n}"

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"restarts": self.training.restarts}
        if isinstance(self.environment, Tabular):
            count = self.environment.transitions.size
            seen = count if self.seen is None else int(self.seen.sum())
            states = self.environment.states
            facts |= {"n_states": states, "n_seen": seen, "n_held_out": count - seen}
        return facts

    def cost(self) -> float:
        pixels = int(np.prod(self.environment.shape)) * self.training.episodes
        seconds = 2e-3 + 4e-9 * 64 * pixels * (self.training.length + 1)
        return self.training.updates * seconds * self.training.restarts**0.8

    def cost_class(self) -> str:
        return f"{type(self.model).__name__} {len(self.environment.shape)}"

    def batch_key(self, device: torch.device) -> Hashable:
        if self.batch == 1 or not self.model.trains_together:
            return None
        environment = self.environment
        return (
            environment.title,
            environment.shape,
            environment.actions,
            repr(self.model),
            repr(self.training),
        )

    def progress(self, numbers: Mapping[str, Number]) -> str:
        return text.progress(numbers)

    def summary(self, facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> list[str]:
        return list(text.summary(facts, metrics))

    def observe(
        self, device: torch.device, keep: FeatureSelection, resume: Arrays | None = None
    ) -> Iterator[Observation]:
        for _, observation in self.observe_batched([self], device, [keep], [resume]):
            if isinstance(observation, Exception):
                raise observation
            yield observation

    @classmethod
    def observe_batched(
        cls,
        learners: Sequence[Self],
        device: torch.device,
        keeps: Sequence[FeatureSelection],
        resumes: Sequence[Arrays | None],
    ) -> Iterator[tuple[int, Observation | Exception]]:
        done = [int(resume["updates"]) if resume else 0 for resume in resumes]
        for first in sorted(set(done)):  # those that continue from one update are one ensemble
            places = [place for place, updates in enumerate(done) if updates == first]
            for k, outcome in trained(
                [learners[place] for place in places],
                device,
                [keeps[place] for place in places],
                [resumes[place] for place in places],
            ):
                yield places[k], outcome

    def members(self) -> list[Member]:
        """Return the restarts of the run."""
        restarts = range(self.training.restarts)
        return [Member(self.environment, self.model, self.seen, self.seed, r) for r in restarts]

    def figure_arrays(self) -> Arrays:
        return figure_arrays(self.environment, self.seen)


def _horizons(horizons: Any, environment: Environment) -> tuple[int, ...]:
    if not isinstance(horizons, (list, tuple)):
        raise SettingError("horizons", f"must be a list of numbers of actions, got {horizons!r}")
    found = tuple(integer("horizons", h, minimum=0, maximum=10_000) for h in horizons)
    limit = environment.horizon_limit
    if limit and max(found, default=0) > limit:
        raise SettingError("horizons", f"must be at most {limit} in {environment.title}")
    return found
