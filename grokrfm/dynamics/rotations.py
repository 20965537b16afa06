"""Rotations: one rotation matrix per action, shared by all states."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from grokrfm.checks import SettingError, integer, positive
from grokrfm.dynamics.actions import ContinuousActions, DiscreteActions, FixedActions
from grokrfm.dynamics.model import (
    Batch,
    Losses,
    Model,
    Module,
    cross_entropy,
    mean_over_frames,
)
from grokrfm.dynamics.networks import networks
from grokrfm.environments import Environment
from grokrfm.schedule import Schedule, schedule


@dataclass(frozen=True)
class Rotations(Model):
    """Model with z₀ = E(x₀) on the unit sphere, z_{t+1} = G_{a_t} z_t and x̂_t = D(z_t).

    Only the first frame is encoded, so that a low loss asks the matrices to compose as the actions
    do. The loss is

        mean BCE(D(z_t), x_t) + λ · Ent + μ · mean ‖E(x_t) − z_t‖²

    with Ent = mean over the actions of Σ_k θ_k² − max_k θ_k², which asks each matrix to turn one
    coordinate plane.

    Parameters
    ----------
    latent : int    n; None: the smallest for which SO(n) has a faithful representation
    hidden : int    width of the hidden layer of perceptrons
    entanglement    λ, a number or a schedule of [share of the training, λ]
    consistency     μ, likewise; the term of homomorphism auto-encoders
    spread          initial angles are uniform in ± this, in radians; None: π/n

    Source: arXiv:2002.06991.
    """

    latent: int | None
    hidden: int
    entanglement: Any
    consistency: Any
    spread: float | None

    trains_together = True

    def __post_init__(self) -> None:
        if self.latent is not None:
            integer("latent", self.latent, minimum=2, maximum=32)
        integer("hidden", self.hidden, minimum=1, maximum=10_000)
        if self.spread is not None:
            positive("spread", self.spread)
        _ = self._schedules

    @cached_property
    def _schedules(self) -> Mapping[str, Schedule]:
        return {
            name: schedule(name, getattr(self, name)) for name in ("entanglement", "consistency")
        }

    def weights(self, share: float) -> Mapping[str, float]:
        return {name: found.at(share) for name, found in self._schedules.items()}

    def module(self, environment: Environment) -> Module:
        latent = environment.smallest_latent if self.latent is None else self.latent
        if latent < environment.smallest_latent:
            raise SettingError(
                "latent",
                f"{latent} is too small: the group of {environment.title} has no faithful"
                f" representation in SO({latent}); the smallest that serves is"
                f" {environment.smallest_latent}",
            )
        encoder, decoder = networks(environment.shape, latent, self.hidden)
        spread = math.pi / latent if self.spread is None else self.spread
        actions = (
            ContinuousActions(latent)
            if environment.is_continuous
            else DiscreteActions(environment.actions, latent, spread)
        )
        return RotationModule(encoder, decoder, actions, not self._schedules["consistency"].is_zero)


class RotationModule(Module):
    """Encoder, rotations and decoder.

    Parameters
    ----------
    is_consistent   True: all frames are encoded, for the consistency term
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        actions: DiscreteActions | ContinuousActions,
        is_consistent: bool,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.actions = encoder, decoder, actions
        self.is_consistent = is_consistent

    def forward(self, batch: Batch, weights: Mapping[str, Tensor]) -> Losses:
        frames = batch["frames"]
        matrices, plane_angles = self.actions(batch["actions"], batch.get("angles"))
        encoded = self.encode(frames if self.is_consistent else frames[:, :1])
        latents = rolled_out(encoded[:, 0], matrices)
        losses = {
            "reconstruction_loss": mean_over_frames(
                cross_entropy(self.decode(latents), frames), batch
            ),
            "entanglement": entanglement(plane_angles),
        }
        if self.is_consistent:
            distances = (encoded - latents).square().sum(-1)
            losses["consistency"] = mean_over_frames(distances, batch)
        terms = (weights[name] * losses[name] for name in losses.keys() & weights.keys())
        return {**losses, "loss": losses["reconstruction_loss"] + sum(terms)}

    def encode(self, frames: Tensor) -> Tensor:
        return normalize(self.encoder(frames), dim=-1)

    def decode(self, latents: Tensor) -> Tensor:
        """Return (…, *shape) logits of (…, n) latents."""
        logits: Tensor = self.decoder(latents)
        return logits

    def predict(self, frames: Tensor, actions: Tensor, angles: Tensor | None) -> Tensor:
        matrices, _ = self.actions(actions, angles)
        return self.decode(rolled_out(self.encode(frames), matrices))

    def matrices(self) -> Tensor | None:
        return self.actions.matrices() if isinstance(self.actions, DiscreteActions) else None

    def with_matrices(self, matrices: Tensor) -> Module:
        """Return the module with other (A, n, n) matrices; the networks are shared."""
        other = copy.copy(self)
        other._modules = {**self._modules, "actions": FixedActions(matrices)}
        return other


def rolled_out(latents: Tensor, matrices: Tensor) -> Tensor:
    """Return (B, L + 1, n) latents z_{t+1} = G_t z_t from (B, n) first ones and (B, L, n, n)."""
    found = [latents]
    for t in range(matrices.shape[1]):
        # many matrices this small are multiplied faster so than by a batched product
        found.append((matrices[:, t] * found[-1][:, None, :]).sum(-1))
    return torch.stack(found, dim=1)


def entanglement(plane_angles: Tensor) -> Tensor:
    """Mean over (…, planes) angles of Σ θ² − max θ²; 0 if each turns one coordinate plane."""
    squares = plane_angles.square()
    return (squares.sum(-1) - squares.amax(-1)).mean()
