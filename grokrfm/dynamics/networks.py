"""Networks: encoder and decoder of the published architectures, by the shape of observations."""

from __future__ import annotations

from torch import Tensor, nn

from grokrfm.checks import SettingError


def networks(
    shape: tuple[int, ...], latent: int, hidden: int, decoder_inputs: int | None = None
) -> tuple[nn.Module, nn.Module]:
    """Return an encoder (…, *shape) → (…, n) and a decoder (…, inputs) → (…, *shape) of logits.

    The encoder does not normalise. Weights are torch's default, but those for the teapot.

    Parameters
    ----------
    shape            (pixels,): perceptrons; (1, 84, 84), (3, 84, 84): the nets of flatland, teapot
    latent : int     n
    hidden : int     width of the hidden layer of perceptrons, and of the layer next to the latents
    decoder_inputs   None: n

    Raises
    ------
    SettingError   for another shape

    Source: arXiv:2002.06991.
    """
    inputs = latent if decoder_inputs is None else decoder_inputs
    if len(shape) == 1:
        return _perceptron(shape[0], hidden, latent), _perceptron(inputs, hidden, shape[0])
    if shape == (1, 84, 84):
        return _flatland(latent, hidden, inputs)
    if shape == (3, 84, 84):
        return _teapot(latent, hidden, inputs)
    raise SettingError(
        "env",
        "must have observations of shape (pixels,), (1, 84, 84) or (3, 84, 84) for these"
        f" networks, got {shape}",
    )


def _perceptron(inputs: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def _flatland(latent: int, hidden: int, inputs: int) -> tuple[nn.Module, nn.Module]:
    encoder = EachFrame(
        3,
        *(nn.Conv2d(1, 5, 10, stride=3), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten()),
        *(nn.Linear(180, hidden), nn.ReLU(), nn.Linear(hidden, latent)),
    )
    decoder = EachFrame(
        1,
        *(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 180), nn.ReLU()),
        *(nn.Unflatten(-1, (5, 6, 6)), nn.ConvTranspose2d(5, 1, 34, stride=10)),
    )
    return encoder, decoder


def _teapot(latent: int, hidden: int, inputs: int) -> tuple[nn.Module, nn.Module]:
    encoder = EachFrame(
        3,
        *(Divide(255), nn.Conv2d(3, 16, 8, stride=4), nn.ReLU()),
        *(nn.Conv2d(16, 32, 4, stride=2), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(1568, hidden), nn.ReLU(), nn.Linear(hidden, latent)),
    )
    decoder = EachFrame(
        1,
        *(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1568), nn.ReLU()),
        *(nn.Unflatten(-1, (32, 7, 7)), nn.ConvTranspose2d(32, 32, 3), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 16, 4, stride=2), nn.ReLU()),
        nn.ConvTranspose2d(16, 3, 8, stride=4),
    )
    for layer in (*encoder, *decoder):
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.orthogonal_(layer.weight, gain=5)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return encoder, decoder


class EachFrame(nn.Sequential):
    """Layers that work on one frame or latent at a time, of (…, *shape) inputs.

    Parameters
    ----------
    axes : int   of one input
    """

    def __init__(self, axes: int, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        leading, own = x.shape[: -self.axes], x.shape[-self.axes :]
        outputs: Tensor = super().forward(x.reshape(-1, *own))  # type: ignore[no-untyped-call]
        return outputs.reshape(*leading, *outputs.shape[1:])


class Divide(nn.Module):
    """Division by a constant.

    The teapot's observations are in [0, 1] already. The original divides them by 255 once more, and
    the gain of 5 in each of its five layers makes up for it; without the division the first latents
    are hundreds of times larger. Both belong together.
    """

    def __init__(self, divisor: float) -> None:
        super().__init__()
        self.divisor = divisor

    def forward(self, x: Tensor) -> Tensor:
        return x / self.divisor
