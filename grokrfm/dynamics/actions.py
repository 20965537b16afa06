"""Actions as rotations: learned angles of every discrete action, or a map from real angles."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grokrfm.dynamics.plane_rotations import PlaneRotations, planes


class DiscreteActions(nn.Module):
    """One rotation per action, with learned plane angles.

    Parameters
    ----------
    spread : float   initial angles are uniform in ± this, in radians
    """

    def __init__(self, actions: int, latent: int, spread: float) -> None:
        super().__init__()
        self.plane_angles = nn.Parameter(torch.empty(actions, len(planes(latent))))
        nn.init.uniform_(self.plane_angles, -spread, spread)
        self.rotations = PlaneRotations(latent)

    def forward(self, actions: Tensor, angles: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return (B, L, n, n) matrices of (B, L) actions, and (A, planes) angles of all actions."""
        return self.matrices()[actions], self.plane_angles

    def matrices(self) -> Tensor:
        """Return the (A, n, n) matrices."""
        matrices: Tensor = self.rotations(self.plane_angles)
        return matrices


class FixedActions(nn.Module):
    """Given (A, n, n) matrices of all actions, without plane angles."""

    def __init__(self, matrices: Tensor) -> None:
        super().__init__()
        self._matrices = matrices

    def forward(self, actions: Tensor, angles: Tensor | None) -> tuple[Tensor, None]:
        """Return (B, L, n, n) matrices of (B, L) actions."""
        return self._matrices[actions], None


class ContinuousActions(nn.Module):
    """Perceptron from an action's index and its real angle to the angles of all planes."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        outputs = nn.Linear(64, len(planes(latent)))
        self.network = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), outputs)
        self.rotations = PlaneRotations(latent)

    def forward(self, actions: Tensor, angles: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return (B, L, n, n) matrices and (B, L, planes) angles of (B, L) actions."""
        assert angles is not None
        plane_angles = self.network(torch.stack([actions.to(angles.dtype), angles], dim=-1))
        return self.rotations(plane_angles), plane_angles
