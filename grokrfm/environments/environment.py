"""Environments: states, actions, and an observation of every state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Walk:
    """Episodes of a random walk, E of them with L actions each.

    Parameters
    ----------
    states : (E, L + 1) int, or (E, L + 1, d)   as `render` takes them
    actions : (E, L) int      action between two states
    angles : (E, L) float     angle of each action in radians; None: the actions are discrete
    valid : (E, L + 1) bool   False for states after the end of an episode; None: all are valid
    """

    states: NDArray[np.generic]
    actions: NDArray[np.int64]
    angles: NDArray[np.float64] | None = None
    valid: Mask | None = None


class Environment(ABC):
    """States, actions between them, and observations.

    Attributes
    ----------
    title : str             in words, such as "grid world 10 x 10"
    shape : (…) int         of one observation: (pixels,), or (channels, rows, columns)
    actions : int           A, the number of actions
    action_names            A names, for figures
    smallest_latent : int   smallest n for which SO(n) has a faithful representation of its group
    horizon_limit : int     the most actions of an episode; 0: no limit
    is_continuous : bool    True if every action has a real angle
    has_table : bool        True if it is Tabular
    """

    title: str
    shape: tuple[int, ...]
    actions: int
    action_names: tuple[str, ...]
    smallest_latent: int
    horizon_limit: int = 0
    is_continuous: bool = False
    has_table: bool = False

    @abstractmethod
    def walk(self, rng: np.random.Generator, episodes: int, length: int, progress: float) -> Walk:
        """Draw episodes of independent uniform actions.

        Parameters
        ----------
        length : int       L, actions of an episode
        progress : float   share of the training that is done, for schedules of the actions
        """

    @abstractmethod
    def render(self, states: torch.Tensor) -> torch.Tensor:
        """Return (…, *shape) observations in [0, 1] of (…) or (…, d) states, float32."""
