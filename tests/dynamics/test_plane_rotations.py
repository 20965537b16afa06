"""Rotations against the explicit product of n x n factors."""

from math import cos, sin

import numpy as np
import pytest
import torch

from grokrfm.dynamics.plane_rotations import PlaneRotations, planes
from grokrfm.dynamics.rotations import entanglement, rolled_out


def explicit(angles, n):
    """The product of the paper's factors, one after another."""
    product = np.eye(n)
    for angle, (i, j) in zip(angles, planes(n), strict=True):
        factor = np.eye(n)
        factor[i, i] = factor[j, j] = cos(angle)
        factor[i, j], factor[j, i] = sin(angle), -sin(angle)
        product = product @ factor
    return product


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
def test_it_is_the_explicit_product_in_lexicographic_order(n):
    angles = torch.rand(3, len(planes(n)), dtype=torch.float64) * 6 - 3
    found = PlaneRotations(n)(angles)
    expected = np.stack([explicit(row.tolist(), n) for row in angles])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(found @ found.mT, np.broadcast_to(np.eye(n), (3, n, n)), atol=1e-12)


def test_entanglement_is_the_sum_of_all_squares_but_the_largest():
    assert float(entanglement(torch.tensor([[1.0, 1.0, 0.5, 0.0, 0.0]]))) == 1.25
    assert float(entanglement(torch.tensor([[0.0, 2.0, 0.0], [1.0, 1.0, 0.0]]))) == 0.5


def test_latents_are_rolled_out_by_the_matrices_in_their_order():
    torch.manual_seed(0)
    z, G = torch.rand(2, 3), torch.rand(2, 4, 3, 3)
    found = rolled_out(z, G)
    for episode in range(2):
        latent = z[episode]
        for t in range(4):
            torch.testing.assert_close(found[episode, t], latent)
            latent = G[episode, t] @ latent
        torch.testing.assert_close(found[episode, 4], latent)
