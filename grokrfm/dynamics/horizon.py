"""Long-horizon prediction: error of roll-outs against the number of actions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from grokrfm.algebra.snapping import snapped
from grokrfm.dynamics.model import Module
from grokrfm.dynamics.rotations import RotationModule
from grokrfm.dynamics.view import View
from grokrfm.environments import Environment

ROLLOUTS = 50

MOST_PIXELS = 2e7
"""Pixels of the frames that are predicted at once."""


def errors_by_step(
    module: Module, environment: Environment, length: int, rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Return the (H + 1,) mean binary cross-entropy of ROLLOUTS roll-outs after 0 … H actions.

    Only the first frame is seen. None: the model predicts nothing.
    """
    chunk = int(MOST_PIXELS / ((length + 1) * math.prod(environment.shape)))
    chunk = min(max(chunk, 1), ROLLOUTS)
    sums = np.zeros(length + 1)
    for first in range(0, ROLLOUTS, chunk):
        true, predicted = rollouts(module, environment, min(chunk, ROLLOUTS - first), length, rng)
        if predicted is None:
            return None
        each = binary_cross_entropy_with_logits(predicted, true, reduction="none")
        sums += each.flatten(2).mean(dim=2).sum(dim=0).cpu().double().numpy()
    return sums / ROLLOUTS


def rollouts(
    module: Module, environment: Environment, episodes: int, length: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return true (E, H + 1, …) frames of fresh random walks, and predicted logits."""
    weight = next(module.parameters())
    walk = environment.walk(rng, episodes, length, 1.0)

    def tensor(array: NDArray[Any]) -> torch.Tensor:
        return torch.as_tensor(array, device=weight.device)

    angles = None if walk.angles is None else tensor(walk.angles).to(weight.dtype)
    with torch.no_grad():
        true = environment.render(tensor(walk.states)).to(weight.dtype)
        return true, module.predict(true[:, 0], tensor(walk.actions), angles)


def snapped_module(view: View) -> Module | None:
    """Return the module with the nearest matrices of exact finite order.

    None: they have no finite order, or the model has none. Small errors of the angles add up over
    many actions; those of exact matrices do not.
    """
    exact = None if view.matrices is None else snapped(view.matrices)
    if exact is None or not isinstance(view.module, RotationModule):
        return None
    weight = next(view.module.parameters())
    return view.module.with_matrices(
        torch.as_tensor(exact, device=weight.device, dtype=weight.dtype)
    )
