"""Strips of a roll-out: the true observations above those that a model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import headline, predictions, too_many
from grokrfm.collect.figures.groups import FigureError, is_number
from grokrfm.collect.figures.kind import Kind
from grokrfm.collect.presets import PresetError

MOST_STRIPS = 6
MOST_HORIZONS = 12
MOST_BARS = 64


@dataclass(frozen=True, kw_only=True)
class Strips(Kind):
    """Two rows per group: its first run by seed with a saved roll-out (save.predictions=last).

    The model sees only the observation after 0 actions. Images are drawn as they are; a vector as
    a square of pixels, dark for 1, or as bars if it is short and fills no square.

    Parameters
    ----------
    horizons   numbers of actions after which observations are shown
    """

    horizons: Any = (0, 1, 5, 10, 50)

    SAVED: ClassVar[str] = "predictions"
    NEEDED: ClassVar[Sequence[str]] = ("strip_true", "strip_predicted")

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = self.horizons
        if (
            not isinstance(wanted, (list, tuple))
            or not 1 <= len(wanted) <= MOST_HORIZONS
            or not all(type(horizon) is int and horizon >= 0 for horizon in wanted)
        ):
            raise PresetError(
                f"figure: horizons must be a list of 1 to {MOST_HORIZONS} numbers of actions,"
                f" got {wanted!r}"
            )

    def draw(self, data: Data) -> Figure:
        shown = predictions(self.groups(data), data, self.NEEDED, "a roll-out")
        too_many(shown, MOST_STRIPS, "strips")
        width = 1.1 * len(self.horizons) + 0.9
        wide, high = self.sized(max(width, 4.0), 2.75 * len(shown))
        size = (wide, max(high, 1.9 * len(shown)) if is_number(self.size) else high)
        figure = Figure(figsize=size, layout="constrained")
        between = " " if size[0] / len(self.horizons) > 0.9 else "\n"
        blocks = figure.subfigures(len(shown), 1, squeeze=False).ravel()
        for block, (group, run, arrays) in zip(blocks, shown, strict=True):
            true, predicted = arrays["strip_true"], arrays["strip_predicted"]
            horizons = [horizon for horizon in self.horizons if horizon < len(true)]
            if not horizons:
                raise FigureError(
                    f"horizons: {self.horizons[0]} is more than the {len(true) - 1} actions of the"
                    " roll-out that the run kept"
                )
            block.suptitle(headline(group, run), fontsize=9)
            grid = block.subplots(2, len(self.horizons), squeeze=False)
            for column in grid[:, len(horizons) :].T:
                for axes in column:
                    axes.set_axis_off()
            for axes, horizon in zip(grid[0], horizons, strict=False):
                unit = "action" if horizon == 1 else "actions"
                axes.set_title(f"{horizon}{between}{unit}")
            for row, frames, name in zip(
                grid, (true, predicted), ("true", "predicted"), strict=True
            ):
                for axes, horizon in zip(row, horizons, strict=False):
                    show_observation(axes, frames[horizon])
                row[0].set_ylabel(name)
        return figure


def show_observation(axes: Axes, frame: np.ndarray) -> None:
    """Draw one observation in [0, 1]: (S,) pixels, or an image (1 or 3, rows, columns)."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, linewidth=0.5, color="0.6")
    side = isqrt(frame.size - 1) + 1
    if frame.ndim == 1 and side * side != frame.size <= MOST_BARS:
        axes.bar(np.arange(frame.size), frame, color="0.2", width=0.8)
        axes.set_ylim(0, 1.05)
        axes.set_box_aspect(1)
    elif frame.ndim == 3 and len(frame) == 3:
        axes.imshow(np.moveaxis(frame, 0, 2).clip(0, 1), rasterized=True)
    else:
        padded = np.pad(frame.ravel(), (0, max(0, side * side - frame.size)))
        pixels = frame[0] if frame.ndim == 3 else padded.reshape(side, side)
        axes.imshow(pixels, cmap="Greys", vmin=0, vmax=1, rasterized=True)
