"""Flatland: a disc that jumps by a period at the walls of a room; its picture is no torus."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.checks import SettingError, choice, integer
from grokrfm.environments.environment import Environment, Walk
from grokrfm.environments.gridworld import torus
from grokrfm.environments.tabular import IntArray, Tabular

FloatArray = NDArray[np.float64]

PIXELS = 84
BORDER = 10
"""Thickness of the walls in pixels."""
PERIOD = 33
"""Length in pixels of the interval of centres, from LOWEST to HIGHEST."""
LOWEST, HIGHEST = 25, 58
"""Coordinates of the centre where the disc touches a wall."""
FIRST = 27
"""Coordinate of the first lattice position."""
SQUARED_RADIUS = 216.5
"""Not 15² = 225: the rasteriser of the original draws 688 pixels."""
SUBSTEPS = 100
"""Parts of an action in the original physics."""

NAMES = ("+y", "-y", "+x", "-x")


def flatland(size: Any, start: Any, physics: Any) -> Environment:
    """Disc on a lattice of size × size positions with four actions; the group is C_p × C_p.

    The actions are +y, −y, +x, −x, where y points up.

    Parameters
    ----------
    start     "random": any position; "centre": the central one
    physics   "exact": a table; "legacy": the drifting physics of the original

    Source: Flatland of arXiv:2002.06991.
    """
    size = integer("size", size, minimum=2, maximum=PERIOD)
    choice("start", start, ("random", "centre"))
    if start == "centre" and size % 2 == 0:
        raise SettingError(
            "start", f"centre needs an odd size, got size {size}; set start=random or another size"
        )
    starts = np.array([size**2 // 2]) if start == "centre" else np.arange(size**2)
    title = f"flatland {size} x {size}"
    if choice("physics", physics, ("exact", "legacy")) == "legacy":
        return DriftingFlatland(title, size, starts)
    row, column = np.divmod(np.arange(size**2), size)  # y and x in lattice steps
    positions = FIRST + PERIOD * np.stack([column, row], axis=1) // size
    observations = frames(torch.as_tensor(pixel_centres(positions))).numpy()
    return Tabular(title, torus(size), observations, NAMES, starts)


class DriftingFlatland(Environment):
    """Flatland in the physics of the original, which is not quite the group C_p × C_p.

    An action is SUBSTEPS equal moves of floating-point positions. The upper wall translates by
    −PERIOD; the lower wall reflects x to 83 − x. Both agree only at contact, so every passage
    downward adds up to two sub-steps, and 26.999… is drawn at another pixel than 27. Accuracy on
    transitions is not defined. States are (…, 2) integer centres: column, row.

    Parameters
    ----------
    starts : (k,) int   lattice positions, y · size + x, in which episodes start
    """

    shape = (1, PIXELS, PIXELS)
    actions = 4
    action_names = NAMES
    smallest_latent = 4  # of the group that is meant

    def __init__(self, title: str, size: int, starts: IntArray) -> None:
        self.title = f"{title}, drifting"
        self.size = size
        self.starts = starts

    def walk(
        self, rng: np.random.Generator, episodes: int, length: int, progress: float = 0.0
    ) -> Walk:
        actions = rng.integers(4, size=(episodes, length))
        lattice = np.stack(np.divmod(rng.choice(self.starts, episodes), self.size)[::-1], axis=1)
        positions = np.empty((episodes, length + 1, 2))
        positions[:, 0] = FIRST + PERIOD / self.size * lattice
        each = np.arange(episodes)
        for t, action in enumerate(actions.T):
            axis = 1 - action // 2  # 0: x, 1: y
            positions[:, t + 1] = positions[:, t]
            here = positions[each, t, axis]
            positions[each, t + 1, axis] = drifted(here, action % 2 == 0, self.size)
        return Walk(pixel_centres(positions), actions)

    def render(self, states: torch.Tensor) -> torch.Tensor:
        return frames(states)


def drifted(x: FloatArray, up: NDArray[np.bool_], size: int) -> FloatArray:
    """(E,) coordinates after one action of the original physics.

    The sums have the order of the sub-steps, for their rounding decides on pixels. An action passes
    at most one wall.
    """
    move = np.where(up, 1, -1) * (PERIOD / size / SUBSTEPS)
    path = _sums(x, np.broadcast_to(move, (SUBSTEPS, len(x))))
    end = path[-1].copy()
    passes = np.where(up, end > HIGHEST, end < LOWEST)
    path, up, move = path[1:, passes], up[passes], move[passes]
    beyond = np.where(up, path > HIGHEST, path < LOWEST)
    first = beyond.argmax(axis=0)  # sub-step that passes the wall
    there = path[first, np.arange(len(first))]
    inside = np.where(up, there - PERIOD, 83 - there)
    remaining = np.arange(1, SUBSTEPS)[:, None] > first
    end[passes] = _sums(inside, np.where(remaining, move, 0.0))[-1]
    return end


def _sums(first: FloatArray, moves: FloatArray) -> FloatArray:
    """Positions before and after each of (k, E) moves."""
    return np.add.accumulate(np.concatenate([first[None], moves]))


def pixel_centres(positions: NDArray[Any]) -> IntArray:
    """(…, 2) integer column and row of (…, 2) positions x, y; rows count downward."""
    truncated = positions.astype(np.int64)
    return np.stack([truncated[..., 0], PIXELS - truncated[..., 1]], axis=-1)


def frames(centres: torch.Tensor) -> torch.Tensor:
    """Return (…, 1, 84, 84) pictures of discs with (…, 2) integer centres: column, row."""
    pixel = torch.arange(PIXELS, device=centres.device) + 0.5
    squares = (pixel - centres[..., None]) ** 2  # (…, 2, pixels)
    disc = squares[..., 1, :, None] + squares[..., 0, None, :] <= SQUARED_RADIUS
    room = torch.full((PIXELS, PIXELS), 1 / 255, device=centres.device)
    room[BORDER:-BORDER, BORDER:-BORDER] = 0
    return torch.where(disc, 1.0, room)[..., None, :, :]
