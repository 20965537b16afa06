"""Tabular environments: a finite table of transitions, and one of observations."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.algebra import Group
from grokrfm.algebra.actions import is_transitive
from grokrfm.algebra.group_action import GroupAction
from grokrfm.algebra.representations import smallest_rotation_dimension
from grokrfm.checks import SettingError
from grokrfm.environments.environment import Environment, Mask, Walk

IntArray = NDArray[np.int64]


class Tabular(Environment):
    """Environment of S states with known transitions, all of them permutations.

    Parameters
    ----------
    title : str
    transitions : (S, A) int        next state of state s under action a
    observations : (S, …) float32   in [0, 1]
    action_names                    A names
    starts : (k,) int               states in which episodes start; None: all
    multiplication : Group          group of which `transitions` is the whole table of products,
                                    state s and action a being elements s and a; None: none

    Raises
    ------
    SettingError   if some state is reached from no other: the actions are not transitive
    """

    def __init__(
        self,
        title: str,
        transitions: IntArray,
        observations: NDArray[np.float32],
        action_names: tuple[str, ...],
        starts: IntArray | None = None,
        multiplication: Group | None = None,
    ) -> None:
        self.title = title
        self.transitions = transitions
        self.observations = observations
        self.action_names = action_names
        self.multiplication = multiplication
        self.shape = observations.shape[1:]
        self.actions = transitions.shape[1]
        self.starts = np.arange(self.states) if starts is None else starts
        if not is_transitive(transitions.T):
            raise SettingError(
                "generators",
                f"do not act transitively: some of the {self.states} states are never reached"
                " from some others; add generators",
            )

    has_table = True

    @property
    def states(self) -> int:
        """S, the number of states."""
        return len(self.transitions)

    @cached_property
    def is_one_hot(self) -> bool:
        """True if each state is seen as its one-hot vector."""
        return self.shape == (self.states,) and np.array_equal(
            self.observations, one_hot(self.states)
        )

    @cached_property
    def action(self) -> GroupAction:
        """Group that the actions generate as permutations of the states."""
        return GroupAction(self.transitions.T)

    @cached_property
    def smallest_latent(self) -> int:  # type: ignore[override]
        return smallest_rotation_dimension(self.action.group)

    def walk(
        self,
        rng: np.random.Generator,
        episodes: int,
        length: int,
        progress: float = 0.0,
        seen: Mask | None = None,
    ) -> Walk:
        """Draw episodes, of the transitions in `seen` (S, A) only; None: of all.

        An episode ends early in a state all of whose transitions are held out.
        """
        starts = rng.choice(self.starts, episodes)
        draws = rng.random((length, episodes))
        allowed = np.ones_like(self.transitions, dtype=bool) if seen is None else seen
        order = np.argsort(~allowed, axis=1, kind="stable")  # allowed actions first
        counts = allowed.sum(axis=1)
        states = np.empty((length + 1, episodes), dtype=np.int64)
        actions = np.zeros((length, episodes), dtype=np.int64)
        alive = np.ones((length + 1, episodes), dtype=bool)
        states[0] = starts
        for t in range(length):
            here = states[t]
            alive[t + 1] = alive[t] & (counts[here] > 0)
            actions[t] = order[here, (draws[t] * counts[here]).astype(np.int64)]
            states[t + 1] = np.where(alive[t + 1], self.transitions[here, actions[t]], here)
        return Walk(states.T, actions.T, valid=None if alive.all() else alive.T)

    def render(self, states: torch.Tensor) -> torch.Tensor:
        return self._observations.to(states.device)[states]

    @cached_property
    def _observations(self) -> torch.Tensor:
        return torch.as_tensor(self.observations)


def one_hot(states: int) -> NDArray[np.float32]:
    """(S, S) observation of each state as a one-hot vector."""
    return np.eye(states, dtype=np.float32)
