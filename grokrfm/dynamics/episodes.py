"""Episodes of a training, drawn in blocks of updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grokrfm.dynamics.model import Batch, Model
from grokrfm.dynamics.training import DTYPES, Training, generator
from grokrfm.environments import Environment, Tabular, Walk
from grokrfm.environments.environment import Mask

BLOCK = 50
"""Updates whose episodes are drawn at once; it is fixed, since draws depend on it."""

WALKS, NOISE = 2, 3


@dataclass(frozen=True, eq=False)
class Member:
    """One training among those of a batch: a restart of a run.

    Parameters
    ----------
    seen : (S, A) bool   transitions that episodes may take; None: all
    """

    environment: Environment
    model: Model
    seen: Mask | None
    seed: int
    restart: int

    def walk(self, training: Training, block: int) -> Walk:
        """Draw the episodes of a block, BLOCK · B of them."""
        rng = generator(self.seed, WALKS, self.restart, block)
        count, share = BLOCK * training.episodes, block * BLOCK / training.updates
        if self.seen is None:
            return self.environment.walk(rng, count, training.length, share)
        assert isinstance(self.environment, Tabular)
        return self.environment.walk(rng, count, training.length, share, self.seen)

    def noise(self, training: Training, block: int) -> Any:
        """Draw the noise of a block, (BLOCK, B, …); None: the model takes none."""
        rng = generator(self.seed, NOISE, self.restart, block)
        drawn = self.model.noise(rng, BLOCK * training.episodes, training.length)
        return None if drawn is None else drawn.reshape(BLOCK, training.episodes, *drawn.shape[1:])


def batches(
    members: Sequence[Member], training: Training, first: int, device: torch.device
) -> Iterator[Batch]:
    """Yield the stacked episodes of all members for the updates from `first` on."""
    dtype, render = DTYPES[training.dtype], members[0].environment.render
    for block in range(first // BLOCK, -(-training.updates // BLOCK)):
        drawn = _block(members, training, block, device)
        for update in range(max(first, block * BLOCK), min(training.updates, (block + 1) * BLOCK)):
            batch = {name: values[update % BLOCK] for name, values in drawn.items()}
            yield {**batch, "frames": render(batch.pop("states")).to(dtype)}


def _block(
    members: Sequence[Member], training: Training, block: int, device: torch.device
) -> dict[str, torch.Tensor]:
    """Return the walks of all members in a block, (BLOCK, R, B, …), by name."""
    walks = [member.walk(training, block) for member in members]
    dtype = DTYPES[training.dtype]

    def stacked(arrays: Sequence[Any], dtype: torch.dtype | None = None) -> torch.Tensor:
        shaped = [a.reshape(BLOCK, training.episodes, *a.shape[1:]) for a in arrays]
        return torch.as_tensor(np.stack(shaped, axis=1), dtype=dtype, device=device)

    drawn = {
        "states": stacked([walk.states for walk in walks]),
        "actions": stacked([walk.actions for walk in walks]),
    }
    if walks[0].angles is not None:
        drawn["angles"] = stacked([walk.angles for walk in walks], dtype)
    if any(walk.valid is not None for walk in walks):
        valid = [np.ones_like(w.states, bool) if w.valid is None else w.valid for w in walks]
        weights = stacked(valid, dtype)
        drawn["weights"] = weights / weights.mean(dim=(-1, -2), keepdim=True)
    noises = [member.noise(training, block) for member in members]
    if noises[0] is not None:
        drawn["noise"] = torch.as_tensor(np.stack(noises, axis=1), dtype=dtype, device=device)
    return drawn
