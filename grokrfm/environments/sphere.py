"""Sphere: a point of a sphere, seen as a cloud in a grid of voxels and turned by real angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from grokrfm.checks import SettingError, integer, positive
from grokrfm.environments.environment import Environment, Walk
from grokrfm.schedule import schedule

PLANES = ((0, 1), (0, 2), (1, 2))


class Sphere(Environment):
    """Point of a sphere that three actions turn in a plane each by a real angle; SO(3) acts.

    Episodes start at a polar angle uniform in [0, π] and an azimuth uniform in [0, 2π], which
    favours the poles, as in the paper. States are (…, 3) coordinates in voxels.

    Parameters
    ----------
    radius : float   of the sphere, in voxels
    grid : int       voxels along each edge of the cube
    largest_angle    angles are uniform in ± this, in turns of 2π; a number, or a schedule of
                     [share of the training, turns]

    Source: SphereWorld of arXiv:2002.06991.
    """

    actions = 3
    action_names = ("xy", "xz", "yz")
    smallest_latent = 3
    is_continuous = True

    def __init__(self, radius: Any, grid: Any, largest_angle: Any) -> None:
        self.grid = integer("grid", grid, minimum=2, maximum=32)
        self.radius = positive("radius", radius)
        if self.radius > (self.grid - 1) / 2:
            raise SettingError(
                "radius",
                f"must be at most (grid - 1) / 2 = {(self.grid - 1) / 2:g}, got {radius!r}",
            )
        self.largest_angle = schedule("largest_angle", largest_angle)
        if not all(0 < turns <= 0.5 for turns in self.largest_angle.values):
            raise SettingError(
                "largest_angle",
                f"must be above 0 and at most 0.5, half a turn, got {largest_angle!r}",
            )
        self.title = f"sphere of radius {self.radius:g}"
        self.shape = (self.grid**3,)

    def walk(
        self, rng: np.random.Generator, episodes: int, length: int, progress: float = 0.0
    ) -> Walk:
        polar, azimuth = math.pi * rng.random(episodes), 2 * math.pi * rng.random(episodes)
        actions = rng.integers(3, size=(episodes, length))
        most = 2 * math.pi * self.largest_angle.at(progress)
        angles = rng.uniform(-most, most, (episodes, length))
        states = np.empty((episodes, length + 1, 3))
        states[:, 0, 0] = np.sin(polar) * np.cos(azimuth)
        states[:, 0, 1] = np.sin(polar) * np.sin(azimuth)
        states[:, 0, 2] = np.cos(polar)
        states[:, 0] *= self.radius
        each, planes = np.arange(episodes), np.array(PLANES)
        for t in range(length):
            i, j = planes[actions[:, t]].T
            x, y = states[each, t, i], states[each, t, j]
            cosine, sine = np.cos(angles[:, t]), np.sin(angles[:, t])
            states[:, t + 1] = states[:, t]
            states[each, t + 1, i] = x * cosine + y * sine
            states[each, t + 1, j] = y * cosine - x * sine
        return Walk(states, actions, angles)

    def render(self, states: torch.Tensor) -> torch.Tensor:
        """Return (…, grid³): a point shares a unit among its 8 voxels by trilinear weights."""
        place = states + (self.grid - 1) / 2
        voxel = torch.arange(self.grid, device=states.device)
        weights = (1 - (place[..., None] - voxel).abs()).clamp(min=0)  # (…, 3, grid)
        x, y, z = weights.unbind(-2)
        cloud = x[..., :, None, None] * y[..., None, :, None] * z[..., None, None, :]
        return cloud.flatten(-3).float()
