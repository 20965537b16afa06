"""The seam of the models: an option of the group `model`, and the module that it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import softplus

from grokrfm.environments import Environment

Batch = Mapping[str, Tensor]
"""Episodes of one update: `frames` (B, L + 1, …), `actions` (B, L), and, where they exist, `angles`
(B, L) of continuous actions, `weights` (B, L + 1) of the frames with mean 1, `noise` (B, …)."""

Losses = Mapping[str, Tensor]
"""Scalars by name; `loss` is minimised, `reconstruction_loss` is the mean over valid frames."""


class Model(ABC):
    """Hyper-parameters of a model.

    Attributes
    ----------
    latent : int        n, dimension of the latent space; None: the environment's smallest
    trains_together     True if modules of many seeds can be trained as one batch
    """

    latent: int | None
    trains_together: bool = False

    @abstractmethod
    def module(self, environment: Environment) -> Module:
        """Return a module with initial weights from torch's generator.

        Raises
        ------
        SettingError   if the model does not fit the environment
        """

    def weights(self, share: float) -> Mapping[str, float]:
        """Return the weights of the terms of the loss after a share of the training, by name."""
        return {}

    def noise(self, rng: np.random.Generator, episodes: int, length: int) -> Any:
        """Return the noise (B, …) of one update; None: the model takes none."""
        return None


class Module(nn.Module, ABC):
    """Encoder, decoder and their training loss.

    A parameter whose name begins with `actions.` has the learning rate `train.action_rate`.
    """

    @abstractmethod
    def forward(self, batch: Batch, weights: Mapping[str, Tensor]) -> Losses:
        """Return the losses of the episodes of one update."""

    @abstractmethod
    def encode(self, frames: Tensor) -> Tensor:
        """Return (…, n) latents of (…, *shape) observations."""

    def predict(self, frames: Tensor, actions: Tensor, angles: Tensor | None) -> Tensor | None:
        """Return (B, H + 1, *shape) logits of a roll-out of (B, H) actions from (B, *shape) frames.

        None: the model predicts nothing.
        """
        return None

    def matrices(self) -> Tensor | None:
        """Return (A, n, n) matrices of discrete actions; None: the model has none."""
        return None


def cross_entropy(logits: Tensor, frames: Tensor) -> Tensor:
    """Binary cross-entropy, mean over the pixels: (B, L + 1) from (B, L + 1, …) both.

    For a logit l and a pixel x it is log(1 + e^l) − l·x. torch's own function of this is taken
    apart by vmap into ten operations.
    """
    return (softplus(logits) - logits * frames).flatten(2).mean(-1)


def mean_over_frames(values: Tensor, batch: Batch) -> Tensor:
    """Mean of (B, L + 1) values over the valid frames."""
    return (values * batch["weights"]).mean() if "weights" in batch else values.mean()
