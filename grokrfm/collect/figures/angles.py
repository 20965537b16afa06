"""Angles of the matrices that a model learned for its actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import headline, predictions, too_many
from grokrfm.collect.figures.kind import Kind

MOST_ROWS = 6
MOST_ACTIONS = 16
MOST_WRITTEN = 15  # planes
NARROWEST_WRITTEN = 0.25  # inches, of a plane whose angle is written
HIGHEST_ORDER = 24  # whose multiples of 1/order can be told apart


@dataclass(frozen=True, kw_only=True)
class Angles(Kind):
    """One row per group: its first run by seed with saved matrices (save.predictions=last).

    On the left the eigen-angles of every action, which depend on no basis, on the multiples of
    1/order turns that an action of that order can have; on the right the angles of the coordinate
    planes. An angle of a plane is given from −1/2 to 1/2 turn.
    """

    SAVED: ClassVar[str] = "predictions"
    NEEDED: ClassVar[Sequence[str]] = ("eigen_angles", "plane_angles", "action_names")

    def draw(self, data: Data) -> Figure:
        shown = predictions(self.groups(data), data, self.NEEDED, "matrices of actions")
        too_many(shown, MOST_ROWS, "rows of angles")
        actions = [min(len(arrays["action_names"]), MOST_ACTIONS) for *_, arrays in shown]
        size = self.sized(8.2, sum(0.7 + 0.26 * n for n in actions) + 0.3, scales=False)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(
            len(shown), 2, squeeze=False, sharey="row", height_ratios=[n + 2.0 for n in actions]
        )
        for (left, right), (group, run, arrays) in zip(grid, shown, strict=True):
            named = headline(group, run, *_left_out(arrays["action_names"]))
            _eigen_angles(left, arrays)
            _plane_angles(right, arrays)
            style.title(left, named, loc="left")
            style.title(right, "angles of coordinate planes, in turns", loc="left")
        for axes in grid[:-1, 0]:
            axes.set_xlabel("")
        self.legend(figure, _LEGEND)
        return figure


_FOUND: Mapping[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 6,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.2,
}
_POSSIBLE: Mapping[str, Any] = {
    "linestyle": "",
    "marker": "|",
    "markersize": 11,
    "color": style.COLOURS[4],
    "markeredgewidth": 1.6,
}
_LEGEND = [
    Line2D([], [], **_FOUND, label="eigen-angle of the learned matrix"),
    Line2D([], [], **_POSSIBLE, label="k / order of the action"),
]


def _left_out(names: np.ndarray) -> list[str]:
    return [f"{MOST_ACTIONS} of {len(names)} actions"] if len(names) > MOST_ACTIONS else []


def _eigen_angles(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
    angles = arrays["eigen_angles"][:MOST_ACTIONS]
    names = [style.text(name, style.TICK) for name in arrays["action_names"][:MOST_ACTIONS]]
    for action, order in enumerate(arrays.get("orders", ())[: len(angles)]):
        if order <= HIGHEST_ORDER:
            multiples = np.arange(order // 2 + 1) / order
            axes.plot(multiples, np.full(len(multiples), action), **_POSSIBLE)
    rows = np.repeat(np.arange(len(angles)), angles.shape[1])
    axes.plot(angles.ravel(), rows, **_FOUND)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.02, 0.52)
    axes.set_xlabel("angle in turns")
    axes.grid(axis="y", visible=False)


def _plane_angles(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
    turns = in_turns(arrays["plane_angles"][:MOST_ACTIONS])
    axes.imshow(np.abs(turns), cmap="Greys", vmin=0, vmax=0.5, aspect="auto", rasterized=True)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelleft=False)
    every = 1 if turns.shape[1] <= MOST_WRITTEN else 1 + turns.shape[1] // MOST_WRITTEN
    places = np.arange(0, turns.shape[1], every)
    axes.set_xticks(places, [plane_names(turns.shape[1])[place] for place in places])
    room = style.panel_size(axes)[0] / turns.shape[1]
    if turns.shape[1] > MOST_WRITTEN or room < NARROWEST_WRITTEN:
        return
    for (action, plane), angle in np.ndenumerate(turns):
        ink = "white" if abs(angle) > 0.25 else "black"
        written = "0" if abs(angle) < 5e-4 else f"{angle:+.3f}".replace("-", "−")
        size = 7 if room > 0.6 else 5.5
        axes.text(plane, action, written, ha="center", va="center", fontsize=size, color=ink)


def in_turns(radians: np.ndarray) -> np.ndarray:
    """Angles in turns, from −1/2 to 1/2: a rotation by a whole turn is none."""
    turns = radians / (2 * np.pi)
    return np.asarray(turns - np.round(turns))


def plane_names(planes: int) -> list[str]:
    """Names of n(n − 1)/2 coordinate planes in lexicographic order: 12, 13, …, 23, …"""
    n = round((1 + np.sqrt(1 + 8 * planes)) / 2)
    between = "" if n < 10 else ","
    return [f"{i}{between}{j}" for i, j in combinations(range(1, n + 1), 2)]
