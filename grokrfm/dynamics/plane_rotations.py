"""Rotation matrices as products of rotations in coordinate planes."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor, nn


def planes(latent: int) -> list[tuple[int, int]]:
    """List the coordinate planes (i, j) of R^n with i < j, in lexicographic order."""
    return list(combinations(range(latent), 2))


class PlaneRotations(nn.Module):
    """Map (…, n(n−1)/2) angles in radians to (…, n, n) rotations.

        G = R_12(θ_12) · R_13(θ_13) · … · R_{n−1,n}(θ_{n−1,n})

    R_ij(θ) is the identity except (i,i) = (j,j) = cos θ, (i,j) = sin θ, (j,i) = −sin θ. All
    factors of all matrices are made at once and multiplied pairwise, in ⌈log₂ n(n−1)/2⌉ products.

    Source: arXiv:2002.06991, section 3.
    """

    identity: Tensor
    cosines: Tensor
    sines: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        count = len(planes(latent))
        cosines, sines = torch.zeros(2, count, latent, latent, dtype=torch.float64)
        for k, (i, j) in enumerate(planes(latent)):
            cosines[k, i, i] = cosines[k, j, j] = 1
            sines[k, i, j], sines[k, j, i] = 1, -1
        self.register_buffer("identity", torch.eye(latent, dtype=torch.float64), persistent=False)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)

    def forward(self, angles: Tensor) -> Tensor:
        angles = angles[..., None, None]
        factors = self.identity + (angles.cos() - 1) * self.cosines + angles.sin() * self.sines
        while (count := factors.shape[-3]) > 1:
            last = count - count % 2
            products = factors[..., 0:last:2, :, :] @ factors[..., 1:last:2, :, :]
            factors = (
                torch.cat([products, factors[..., last:, :, :]], -3) if count % 2 else products
            )
        return factors[..., 0, :, :]
