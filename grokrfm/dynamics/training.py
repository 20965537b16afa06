"""Training: updates of the modules of one or many members at once, by Adam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from grokrfm.checks import choice, integer, not_negative
from grokrfm.dynamics.model import Batch, Losses, Module
from grokrfm.runs.learner import Arrays
from grokrfm.schedule import Schedule, schedule

MOMENTS = ("exp_avg", "exp_avg_sq")
"""Running means that Adam keeps of every weight."""

DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Training:
    """Settings of a training.

    Parameters
    ----------
    updates : int         of the weights
    episodes : int        B, episodes of an update
    length : int          L, actions of an episode
    rate                  learning rate of encoder and decoder, a number or a schedule
    action_rate           learning rate of the actions, likewise
    restarts : int        independent trainings of a run; one is chosen without looking at labels
    dtype : str           float64 or float32
    observe_every : int   updates between two observations
    checkpoint_seconds    interval between checkpoints; 0: every observation
    batch : int           the most runs that are trained together; 1: every run alone
    """

    PLUMBING: ClassVar[frozenset[str]] = frozenset({"observe_every", "checkpoint_seconds", "batch"})
    """Settings that do not change what is computed."""

    updates: int
    episodes: int
    length: int
    rate: Any
    action_rate: Any
    restarts: int
    dtype: str
    observe_every: int
    checkpoint_seconds: float
    batch: int

    def __post_init__(self) -> None:
        for name in ("updates", "episodes", "length", "restarts", "observe_every", "batch"):
            integer(name, getattr(self, name), minimum=1, maximum=10**9)
        choice("dtype", self.dtype, DTYPES)
        not_negative("checkpoint_seconds", self.checkpoint_seconds)
        _ = self.rates

    @cached_property
    def rates(self) -> tuple[Schedule, Schedule]:
        """Schedules of the learning rates of the networks and of the actions."""
        return schedule("rate", self.rate), schedule("action_rate", self.action_rate)

    @property
    def observed(self) -> Sequence[int]:
        """Numbers of updates after which the training is observed; the last is all of them."""
        return [*range(self.observe_every, self.updates, self.observe_every), self.updates]


class Ensemble:
    """Modules of equal shapes that are trained at once, each by itself.

    The weights of R members are stacked; torch.func.vmap computes all losses in one pass, and Adam
    works on every entry alone, so that no member sees another.

    Parameters
    ----------
    modules    R modules, with their initial weights
    together   False: the members are computed one after another
    """

    def __init__(
        self, modules: Sequence[Module], training: Training, device: torch.device, together: bool
    ) -> None:
        self.training = training
        self._together = together and len(modules) > 1
        dtype = DTYPES[training.dtype]
        self.module = modules[0].to(device, dtype)
        stacked, _ = stack_module_state([module.to(device, dtype) for module in modules])
        self.weights: dict[str, Tensor] = {
            name: values.detach().clone().requires_grad_() for name, values in stacked.items()
        }
        named = self.weights.items()
        groups = [
            [values for name, values in named if name.startswith("actions.") == of_actions]
            for of_actions in (False, True)
        ]
        self._optimiser = torch.optim.Adam(
            [{"params": group} for group in groups if group], fused=True
        )
        self._rates = [r for r, group in zip(training.rates, groups, strict=True) if group]

    def update(self, update: int, batches: Batch, weights: Mapping[str, Tensor]) -> Losses:
        """Make one update, of number `update`; return the (R,) losses before it.

        Parameters
        ----------
        batches   episodes of every member, stacked
        weights   (R,) weights of the terms of the loss
        """
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate.at(update / self.training.updates)
        losses = self._losses(batches, weights)
        self._optimiser.zero_grad()
        losses["loss"].sum().backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return {name: values.detach() for name, values in losses.items()}

    def member(self, index: int) -> Module:
        """Return a module with the present weights of one member."""
        module = deepcopy(self.module)
        module.load_state_dict({n: v[index].detach() for n, v in self.weights.items()})
        return module

    def is_finite(self, members: slice) -> bool:
        """Return True if all weights of some members are finite."""
        return all(bool(values[members].isfinite().all()) for values in self.weights.values())

    def state(self, members: slice) -> Arrays:
        """Return weights and optimiser of some members as arrays."""
        held = {"step": next(iter(self._optimiser.state.values()))["step"]}
        for name, values in self.weights.items():
            held[f"weights.{name}"] = values.detach()[members]
            for key in MOMENTS:
                held[f"{key}.{name}"] = self._optimiser.state[values][key][members]
        return {name: value.cpu().numpy().copy() for name, value in held.items()}

    def resume(self, states: Sequence[Arrays]) -> None:
        """Continue all members from states after equal numbers of updates."""

        def joined(name: str) -> Tensor:
            return torch.as_tensor(np.concatenate([state[name] for state in states]))

        with torch.no_grad():
            for name, values in self.weights.items():
                values.copy_(joined(f"weights.{name}"))
                moments = {key: joined(f"{key}.{name}").to(values) for key in MOMENTS}
                step = torch.tensor(states[0]["step"], device=values.device)
                self._optimiser.state[values] = {"step": step, **moments}

    def _losses(self, batches: Batch, weights: Mapping[str, Tensor]) -> Losses:
        def of(values: Mapping[str, Tensor], batch: Batch, given: Mapping[str, Tensor]) -> Losses:
            losses: Losses = functional_call(self.module, dict(values), (batch, given))
            return losses

        if self._together:
            return vmap(of)(self.weights, batches, weights)
        members = range(len(next(iter(self.weights.values()))))
        found = [of(_part(self.weights, r), _part(batches, r), _part(weights, r)) for r in members]
        return {name: torch.stack([losses[name] for losses in found]) for name in found[0]}


def _part(stacked: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    return {name: values[index] for name, values in stacked.items()}


def generator(seed: int, *key: int) -> np.random.Generator:
    """Return a generator for one purpose; equal arguments, equal draws on every machine."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
