"""Hyperspherical VAE: von Mises–Fisher posterior on the sphere S³, uniform prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn.functional import normalize, softplus

from grokrfm.checks import SettingError
from grokrfm.dynamics.model import Module
from grokrfm.dynamics.variational import Variational, VariationalModule
from grokrfm.dynamics.von_mises_fisher import kl_to_uniform, sample
from grokrfm.environments import Environment


@dataclass(frozen=True)
class HypersphericalVAE(Variational):
    """Variational auto-encoder on the sphere of R⁴; see Variational.

    Source: arXiv:1804.00891, as arXiv:2002.06991 compares with it.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent != 4:
            raise SettingError(
                "latent", f"must be 4: the posterior is on the sphere of R^4, got {self.latent}"
            )

    def noise(self, rng: np.random.Generator, episodes: int, length: int) -> Any:
        return np.hstack([rng.random((episodes, 1)), rng.standard_normal((episodes, self.latent))])

    def module(self, environment: Environment) -> Module:
        encoder, decoder = self.networks(environment, statistics=self.latent + 1)
        return HypersphericalModule(encoder, decoder, self.reduction)


class HypersphericalModule(VariationalModule):
    """Encoder to the mean direction μ and to κ = softplus + 1; its latents are the μ."""

    def encode(self, frames: Tensor) -> Tensor:
        return self._statistics(frames)[0]

    def draw(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        direction, kappa = self._statistics(frames)
        latents = sample(direction, kappa, noise[..., 0], noise[..., 1:])
        return latents, kl_to_uniform(kappa).mean()

    def _statistics(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        statistics = self.encoder(frames)
        return normalize(statistics[..., :-1], dim=-1), softplus(statistics[..., -1]) + 1
