"""Latents of all states, projected on their leading principal axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import headline, predictions
from grokrfm.collect.figures.kind import Kind
from grokrfm.collect.presets import PresetError

MOST_JOINED = 7  # kinds of lines in a panel


@dataclass(frozen=True, kw_only=True)
class Latents(Kind):
    """One panel per group: its first run by seed with saved latents (save.predictions=last).

    Each point is a state. A line joins a state to the next one under an action; an action and its
    inverse share their lines. The title gives the shares of the axes in the variance.

    Parameters
    ----------
    axes   principal axes that are shown: 2 or 3
    """

    axes: int = 3

    NARROWEST: ClassVar[float] = 2.4

    SAVED: ClassVar[str] = "predictions"
    NEEDED: ClassVar[Sequence[str]] = ("latents", "transitions", "action_names")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axes not in (2, 3):
            raise PresetError(f"figure: axes must be 2 or 3, got {self.axes!r}")

    def draw(self, data: Data) -> Figure:
        shown = predictions(self.groups(data), data, self.NEEDED, "latents of states")
        projection = {"projection": "3d"} if self.axes == 3 else {}
        figure, grid, _ = self.panels(
            len(shown), size=(3.3, 3.3), square=True, subplot_kw=projection
        )
        looks: dict[str, dict[str, Any]] = {}
        for axes, (group, run, arrays) in zip(grid, shown, strict=True):
            points, shares = projected(arrays["latents"], self.axes)
            joined = joins(arrays["transitions"], arrays["action_names"])
            for name, edges in list(joined.items())[:MOST_JOINED]:
                look = looks.setdefault(name, _look(len(looks)))
                axes.plot(*_broken_line(points, edges).T, **look)
            axes.plot(*points.T, linestyle="", marker="o", markersize=3, color="black")
            variance = " + ".join(f"{100 * share:.0f}" for share in shares)
            every = f"{MOST_JOINED} of {len(joined)} actions"
            left_out = [every] if len(joined) > MOST_JOINED else []
            style.title(axes, headline(group, run, f"{variance} % of the variance", *left_out))
            _frame(axes, points)
        handles = [Line2D([], [], **look, label=style.text(name)) for name, look in looks.items()]
        self.legend(figure, handles, "states joined by the actions")
        return figure


def projected(latents: np.ndarray, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (S, axes) on the leading principal axes, and their shares of the variance."""
    centred = latents - latents.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(latents), axes))
    shares = np.zeros(axes)
    kept = min(axes, len(sizes))
    points[:, :kept] = (left * sizes)[:, :kept]
    if sizes.any():
        shares[:kept] = (sizes**2 / (sizes**2).sum())[:kept]
    return points, shares


def joins(transitions: np.ndarray, names: np.ndarray) -> dict[str, np.ndarray]:
    """Pairs (k, 2) of states that an action joins, by the names of all actions that join them."""
    states = np.arange(len(transitions))
    sharing: dict[bytes, tuple[list[str], np.ndarray]] = {}
    for name, following in zip(names, transitions.T, strict=True):
        pairs = np.sort(np.stack([states, following], axis=1), axis=1)
        pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
        sharing.setdefault(pairs.tobytes(), ([], pairs))[0].append(str(name))
    return {" / ".join(each): pairs for each, pairs in sharing.values() if len(pairs)}


def _frame(axes: Any, points: np.ndarray) -> None:
    """Give all axes one scale and a name."""
    pad = -10 if points.shape[1] == 3 else 4
    reach = 1.1 * float(np.abs(points).max()) or 1.0
    for number, name in zip(range(points.shape[1]), "xyz", strict=False):
        getattr(axes, f"set_{name}lim")(-reach, reach)
        getattr(axes, f"set_{name}ticks")([])
        getattr(axes, f"set_{name}label")(f"axis {number + 1}", labelpad=pad)
    if points.shape[1] == 3:
        axes.set_box_aspect((1, 1, 1), zoom=1.0)  # room for the name of the third axis
    else:
        axes.set_aspect("equal")


def _broken_line(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Line (3k, axes) along the edges, with a gap after each."""
    ends = points[edges]
    gaps = np.full((len(ends), 1, points.shape[1]), np.nan)
    return np.concatenate([ends, gaps], axis=1).reshape(-1, points.shape[1])


def _look(number: int) -> dict[str, Any]:
    return {
        "color": style.COLOURS[number % len(style.COLOURS)],
        "linestyle": style.DASHES[number % len(style.DASHES)],
        "linewidth": 1.0,
    }
