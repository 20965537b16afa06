"""View of a trained module: everything that its probes look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.dynamics.actions import DiscreteActions
from grokrfm.dynamics.model import Module
from grokrfm.environments import Environment, Tabular
from grokrfm.environments.environment import Mask

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """A module and its environment.

    Parameters
    ----------
    seen : (S, A) bool   transitions that the training saw; None: all
    """

    module: Module
    environment: Environment
    seen: Mask | None

    @cached_property
    def matrices(self) -> Floats | None:
        """(A, n, n) matrices of the actions; None: the model has none."""
        found = self.module.matrices()
        return None if found is None else _numpy(found)

    @cached_property
    def plane_angles(self) -> Floats | None:
        """(A, n(n−1)/2) angles of the coordinate planes; None: the model has none."""
        actions = getattr(self.module, "actions", None)
        return _numpy(actions.plane_angles) if isinstance(actions, DiscreteActions) else None

    @property
    def table(self) -> Tabular | None:
        """The environment, if it has a table of transitions."""
        return self.environment if isinstance(self.environment, Tabular) else None

    @cached_property
    def latents(self) -> Floats | None:
        """(S, n) latents of all states; None: the states are not finite."""
        if self.table is None:
            return None
        with torch.no_grad():
            return _numpy(self.module.encode(self._frames))

    @cached_property
    def predictions(self) -> Floats | None:
        """(S, A, S) predicted distribution of the next state; None: nothing is predicted.

        Pixels of one-hot observations are normalised to sum 1. Of images, the state whose
        observation is nearest to the predicted one gets 1.
        """
        if self.table is None:
            return None
        states, actions = self.table.states, self.table.actions
        frames = self._frames.repeat_interleave(actions, dim=0)
        taken = torch.arange(actions, device=frames.device).repeat(states)[:, None]
        with torch.no_grad():
            logits = self.module.predict(frames, taken, None)
        if logits is None:
            return None
        pixels = _numpy(logits[:, 1].flatten(1).sigmoid())
        if not self.table.is_one_hot:
            known = self.table.observations.reshape(states, -1).astype(np.float64)
            nearest = np.argmin((known**2).sum(1) - 2 * pixels @ known.T, axis=1)
            pixels = np.eye(states)[nearest]
        return (pixels / pixels.sum(axis=1, keepdims=True)).reshape(states, actions, states)

    @cached_property
    def _frames(self) -> torch.Tensor:
        """(S, …) observation of every state."""
        assert self.table is not None
        weight = next(self.module.parameters())
        states = torch.arange(self.table.states, device=weight.device)
        return self.table.render(states).to(weight.dtype)


def _numpy(values: torch.Tensor) -> Floats:
    return values.detach().to("cpu", torch.float64).numpy()
