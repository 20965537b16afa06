"""CCI-VAE: normal posterior, whose divergence from the prior is held at a growing capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from grokrfm.dynamics.model import Module
from grokrfm.dynamics.variational import Variational, VariationalModule
from grokrfm.environments import Environment
from grokrfm.schedule import schedule


@dataclass(frozen=True)
class CCIVAE(Variational):
    """Variational auto-encoder with a normal posterior of independent dimensions.

    The KL to the standard normal prior is the mean over the batch and the dimensions.

    Parameters
    ----------
    capacity   C, the divergence to be reached; a number or a schedule of [share of the training, C]

    Source: arXiv:1804.03599, as arXiv:2002.06991 compares with it.
    """

    capacity: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        schedule("capacity", self.capacity)

    def weights(self, share: float) -> Mapping[str, float]:
        return {**super().weights(share), "capacity": schedule("capacity", self.capacity).at(share)}

    def noise(self, rng: np.random.Generator, episodes: int, length: int) -> Any:
        return rng.standard_normal((episodes, self.latent))

    def module(self, environment: Environment) -> Module:
        encoder, decoder = self.networks(environment, statistics=2 * self.latent)
        return CCIModule(encoder, decoder, self.reduction)


class CCIModule(VariationalModule):
    """Encoder to the means and the logarithms of the variances; its latents are the means."""

    def encode(self, frames: Tensor) -> Tensor:
        return self._statistics(frames)[0]

    def draw(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self._statistics(frames)
        kl = (mean.square() + log_variance.exp() - 1 - log_variance) / 2
        return mean + (log_variance / 2).exp() * noise, kl.mean()

    def _statistics(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(frames).chunk(2, dim=-1)
        return mean, log_variance
