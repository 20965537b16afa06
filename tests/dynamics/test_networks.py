"""Networks by the shape of observations: their sizes, inputs, and initial weights."""

import pytest
import torch
from torch import nn

from grokrfm.checks import SettingError
from grokrfm.dynamics.networks import Divide, networks

SHAPES = {
    "gridworld": ((100,), 4, 64, 6_724, 6_820),
    "flatland": ((1, 84, 84), 4, 64, 12_349, 17_801),
    "teapot": ((3, 84, 84), 5, 128, 222_037, 223_571),
}
each = pytest.mark.parametrize(
    ("shape", "latent", "hidden", "encoding", "decoding"), SHAPES.values(), ids=SHAPES
)


@each
def test_the_numbers_of_weights(shape, latent, hidden, encoding, decoding):
    counts = [
        sum(weights.numel() for weights in network.parameters())
        for network in networks(shape, latent, hidden)
    ]
    assert counts == [encoding, decoding]


@each
def test_each_frame_is_seen_alone_whatever_axes_lead(shape, latent, hidden, encoding, decoding):
    encoder, decoder = networks(shape, latent, hidden, decoder_inputs=latent + 2)
    frames = torch.rand(2, 3, *shape)
    latents = encoder(frames)
    assert latents.shape == (2, 3, latent)
    torch.testing.assert_close(latents[1, 2], encoder(frames[1, 2]))
    inputs = torch.randn(2, 3, latent + 2)
    logits = decoder(inputs)
    assert logits.shape == frames.shape
    torch.testing.assert_close(logits[1, 2], decoder(inputs[1, 2]), rtol=1e-4, atol=1e-3)
    assert logits.min() < 0  # logits, not shares


def test_the_nets_of_the_teapot_are_orthogonal_with_gain_5_and_divide_by_255():
    encoder, decoder = networks((3, 84, 84), 5, 128)
    layers = [layer for layer in (*encoder, *decoder) if hasattr(layer, "weight")]
    assert len(layers) == 10
    for layer in layers:
        rows = layer.weight.flatten(1)
        gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
        torch.testing.assert_close(gram, 25 * torch.eye(len(gram)), rtol=0, atol=1e-3)
        assert not layer.bias.any()
    assert isinstance(encoder[0], Divide)
    assert encoder[0](torch.tensor(255.0)) == 1


def test_other_nets_have_the_initialisation_of_torch():
    torch.manual_seed(0)
    encoder, _ = networks((9,), 4, 64)
    torch.manual_seed(0)
    assert torch.equal(encoder[0].weight, nn.Linear(9, 64).weight)


@pytest.mark.parametrize("shape", [(2, 84, 84), (1, 64, 64), (5, 5), ()])
def test_observations_of_another_shape_are_refused(shape):
    with pytest.raises(SettingError, match=r"^env must have observations of shape \(pixels,\)"):
        networks(shape, 4, 64)
