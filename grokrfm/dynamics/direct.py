"""Direct prediction: a decoder of the latent and the action, with nothing shared by the actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from grokrfm.checks import integer
from grokrfm.dynamics.model import Batch, Losses, Model, Module, cross_entropy
from grokrfm.dynamics.networks import networks
from grokrfm.environments import Environment

CERTAIN = 1e-6
"""Distance from 0 and 1 of the pixels of a given frame, so that their logits are finite."""


@dataclass(frozen=True)
class Direct(Model):
    """Model with x̂_{t+1} = D(E(x_t), a_t), trained on every transition of the episodes.

    Latents are not normalised. The action enters the decoder as its one-hot vector, times its
    angle where the actions are continuous. A roll-out is fed its own outputs.

    Parameters
    ----------
    latent : int    n
    hidden : int    width of the hidden layer of perceptrons, and of the layer next to the latents

    Source: the baseline of arXiv:2002.06991, figure 6.
    """

    latent: int
    hidden: int

    trains_together = True

    def __post_init__(self) -> None:
        integer("latent", self.latent, minimum=1, maximum=32)
        integer("hidden", self.hidden, minimum=1, maximum=10_000)

    def module(self, environment: Environment) -> Module:
        inputs = self.latent + environment.actions
        encoder, decoder = networks(environment.shape, self.latent, self.hidden, inputs)
        return DirectModule(encoder, decoder, environment.actions)


class DirectModule(Module):
    """Encoder, and decoder of a latent joined with an action."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, actions: int) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.n_actions = actions

    def forward(self, batch: Batch, weights: Mapping[str, Tensor]) -> Losses:
        frames = batch["frames"]
        logits = self._next(frames[:, :-1], batch["actions"], batch.get("angles"))
        errors = cross_entropy(logits, frames[:, 1:])
        valid = batch["weights"][:, 1:] if "weights" in batch else torch.ones_like(errors)
        # a positive weight is at least 1, so that only the sum of no transitions is clamped
        loss = (valid * errors).sum() / valid.sum().clamp(min=1)
        return {"reconstruction_loss": loss, "loss": loss}

    def encode(self, frames: Tensor) -> Tensor:
        latents: Tensor = self.encoder(frames)
        return latents

    def predict(self, frames: Tensor, actions: Tensor, angles: Tensor | None) -> Tensor:
        logits = [frames.logit(eps=CERTAIN)]  # the first frame is given
        for t in range(actions.shape[1]):
            angle = None if angles is None else angles[:, t]
            frames = logits[-1].sigmoid() if t else frames
            logits.append(self._next(frames, actions[:, t], angle))
        return torch.stack(logits, dim=1)

    def _next(self, frames: Tensor, actions: Tensor, angles: Tensor | None) -> Tensor:
        """Return (…, *shape) logits of the frames after (…) actions in (…, *shape) frames."""
        taken = one_hot(actions, self.n_actions).to(frames.dtype)
        if angles is not None:
            taken = taken * angles[..., None]
        logits: Tensor = self.decoder(torch.cat([self.encode(frames), taken], dim=-1))
        return logits
