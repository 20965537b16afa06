"""Variational auto-encoders of single frames, which see no action."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from grokrfm.checks import SettingError, choice, integer, positive, shown
from grokrfm.dynamics.model import Batch, Losses, Model, Module, cross_entropy
from grokrfm.dynamics.networks import networks
from grokrfm.environments import Environment
from grokrfm.schedule import schedule


@dataclass(frozen=True)
class Variational(Model):
    """Auto-encoder with a posterior q(z | x), trained on the first frame of every episode.

    The loss is BCE(D(z), x) + β · |KL(q ‖ p) − C|, with z drawn from q; C is 0 unless the model has
    a capacity.

    Parameters
    ----------
    latent : int      n
    hidden            widths of the hidden layers of a perceptron from the observation on, the
                      decoder mirrors them; an image network has the last next to the latents
    gain : float      of the orthogonal initialisation of perceptrons; their biases begin at 0
    reduction : str   of the cross-entropy over the pixels and the batch, sum or mean
    beta              β, a number or a schedule of [share of the training, β]
    """

    latent: int
    hidden: Sequence[int]
    gain: float
    reduction: str
    beta: Any

    trains_together = True

    def __post_init__(self) -> None:
        integer("latent", self.latent, minimum=1, maximum=32)
        if not isinstance(self.hidden, (list, tuple)) or not self.hidden:
            raise SettingError(
                "hidden", f"must be a list of widths such as [256, 64], got {shown(self.hidden)}"
            )
        for width in self.hidden:
            integer("hidden", width, minimum=1, maximum=10_000)
        positive("gain", self.gain)
        choice("reduction", self.reduction, ("sum", "mean"))
        schedule("beta", self.beta)

    def weights(self, share: float) -> Mapping[str, float]:
        return {"beta": schedule("beta", self.beta).at(share)}

    def networks(self, environment: Environment, statistics: int) -> tuple[nn.Module, nn.Module]:
        """Return an encoder to the numbers that describe a posterior, and a decoder of latents."""
        shape = environment.shape
        if len(shape) > 1:
            return networks(shape, statistics, self.hidden[-1], decoder_inputs=self.latent)
        inward, outward = [shape[0], *self.hidden], [*reversed(self.hidden), shape[0]]
        return (
            perceptron([*inward, statistics], self.gain),
            perceptron([self.latent, *outward], self.gain),
        )


class VariationalModule(Module):
    """Encoder to a posterior, and decoder.

    Parameters
    ----------
    reduction : str   of the cross-entropy in the loss, sum or mean
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, reduction: str) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.reduction = reduction

    @abstractmethod
    def draw(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, n) latents drawn from the posteriors of (B, *shape) frames, and their KL.

        The KL to the prior is a scalar, the mean over the batch.
        """

    def forward(self, batch: Batch, weights: Mapping[str, Tensor]) -> Losses:
        frames = batch["frames"][:, :1]
        latents, kl = self.draw(frames[:, 0], batch["noise"])
        reconstruction = cross_entropy(self.decode(latents)[:, None], frames).mean()
        scale = frames.numel() if self.reduction == "sum" else 1
        penalty = (kl - weights.get("capacity", 0)).abs()
        return {
            "reconstruction_loss": reconstruction,
            "kl": kl,
            "loss": scale * reconstruction + weights["beta"] * penalty,
        }

    def decode(self, latents: Tensor) -> Tensor:
        """Return (…, *shape) logits of (…, n) latents."""
        logits: Tensor = self.decoder(latents)
        return logits


def perceptron(widths: Sequence[int], gain: float) -> nn.Module:
    """Return a perceptron with orthogonal weights times `gain`, and biases of 0."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        linear = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(linear.weight, gain)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
