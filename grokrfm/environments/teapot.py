"""Teapot: the pose and the colour of an object, in one stored walk."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.checks import integer
from grokrfm.environments.environment import Environment, Walk
from grokrfm.environments.tabular import IntArray

FloatArray = NDArray[np.float64]

PIXELS = 84
FOCUS = 20.0
"""Pixels of a unit of length."""

SPHERES = np.array(
    [  # centre, radius: no two radii are equal, so that no rotation maps the object to itself
        (0.00, 0.00, 0.00, 0.80),  # body; a larger one would hide the rest
        (0.95, 0.15, 0.00, 0.46),  # spout, along x
        (1.50, 0.50, 0.00, 0.36),
        (0.00, 0.20, 0.95, 0.40),  # handle, along z: at a right angle to the spout
        (0.00, -0.40, 1.50, 0.30),
        (0.00, 0.85, 0.00, 0.52),  # lid and knob, along y
        (0.00, 1.55, 0.00, 0.24),
    ]
)
LIGHT = tuple(v / math.sqrt(14) for v in (1, 2, 3))
"""Direction of the light; the viewer is at +z."""
AMBIENT, DIFFUSE = 0.25, 0.65

COLOURS = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 1), (0, 1, 0), (0, 0, 1)], dtype=np.float32)
"""Backgrounds black, red, white, green, blue."""

PLANES = ((0, 2), (1, 2), (0, 1))
"""Axes of the planes in which pairs of actions turn the object."""
ACTIONS = ("+xz", "-xz", "+yz", "-yz", "+xy", "-xy", "colour+1", "colour-1")


class Teapot(Environment):
    """Object of spheres before a coloured background, in one stored random walk.

    Six actions turn the object by ±72° about the fixed axes of the viewer, two change the colour by
    ±1 modulo 5. The rotations generate a dense subgroup of SO(3), which no table holds; the colours
    C_5. Episodes are windows of the walk, uniform over their starts; a state is a frame's number.

    Parameters
    ----------
    frames : int      of the walk; it is all that a training sees
    walk_seed : int   seed of the walk; the same for all seeds of a study, as data are

    Source: the teapot of arXiv:2002.06991, with spheres in place of its mesh.
    """

    shape = (3, PIXELS, PIXELS)
    actions = len(ACTIONS)
    action_names = ACTIONS
    smallest_latent = 5  # SO(3) × C_5: three dimensions and a plane

    def __init__(self, frames: Any, walk_seed: Any) -> None:
        self.frames = integer("frames", frames, minimum=2, maximum=20_000)
        self.walk_seed = integer("walk_seed", walk_seed, minimum=0)
        self.title = f"teapot, {self.frames} frames of walk {self.walk_seed}"
        self.horizon_limit = self.frames - 1

    def walk(
        self, rng: np.random.Generator, episodes: int, length: int, progress: float = 0.0
    ) -> Walk:
        starts = rng.integers(self.frames - length, size=episodes)
        states = starts[:, None] + np.arange(length + 1)
        actions, _, _ = stored_walk(self.frames, self.walk_seed)
        return Walk(states, actions[states[:, :-1]])

    def render(self, states: torch.Tensor) -> torch.Tensor:
        shades, colours = stored_pictures(self.frames, self.walk_seed, states.device)
        shade = shades[states][..., None, :, :]
        return torch.where(shade > 0, shade, colours[states][..., None, None])


@lru_cache(maxsize=4)
def stored_walk(frames: int, seed: int) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the (F − 1,) actions, (F, 3, 3) poses and (F,) colours of a random walk."""
    actions = np.random.default_rng(seed).integers(len(ACTIONS), size=frames - 1)
    turns = [fifth_turn(plane, sign) for plane in PLANES for sign in (1, -1)]
    moves = np.array([*turns, np.eye(3), np.eye(3)])
    poses = np.array(
        list(accumulate(moves[actions], lambda pose, turn: turn @ pose, initial=np.eye(3)))
    )
    steps = np.where(actions == 6, 1, np.where(actions == 7, -1, 0))
    colours = np.concatenate([[0], np.cumsum(steps)]) % len(COLOURS)
    return actions, poses, colours


def fifth_turn(plane: tuple[int, int], sign: int) -> FloatArray:
    """(3, 3) rotation by ±72° in a plane."""
    i, j = plane
    angle = sign * 2 * math.pi / 5
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = math.cos(angle)
    matrix[i, j], matrix[j, i] = math.sin(angle), -math.sin(angle)
    return matrix


@lru_cache(maxsize=4)
def stored_pictures(
    frames: int, seed: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (F, 84, 84) shades of the object, 0 beside it, and (F, 3) colours of a walk."""
    _, poses, colours = stored_walk(frames, seed)
    parts = torch.split(torch.as_tensor(poses, dtype=torch.float32), 100)
    shades = torch.cat([shaded(part) for part in parts])
    return shades.to(device), torch.as_tensor(COLOURS[colours], device=device)


def shaded(poses: torch.Tensor) -> torch.Tensor:
    """(F, 84, 84) orthographic views of the object along the z axis: brightness, 0 beside it."""
    pixel = (torch.arange(PIXELS) + 0.5 - PIXELS / 2) / FOCUS
    nearest = torch.full((len(poses), PIXELS, PIXELS), -torch.inf)
    shades = torch.zeros_like(nearest)
    for *place, radius in SPHERES.tolist():
        x, y, z = (poses @ torch.tensor(place)).T[..., None, None]
        right, up = pixel - x, -pixel[:, None] - y  # from the centre of the sphere to each pixel
        towards = (radius**2 - right**2 - up**2).sqrt()  # NaN beside the sphere
        lit = (LIGHT[0] * right + LIGHT[1] * up + LIGHT[2] * towards) / radius
        in_front = z + towards > nearest  # False for NaN
        nearest = torch.where(in_front, z + towards, nearest)
        shades = torch.where(in_front, AMBIENT + DIFFUSE * lit.clamp(min=0), shades)
    return shades
