"""Panels of a figure, and the looks of the lines in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokrfm.collect.columns import is_share
from grokrfm.collect.figures import style
from grokrfm.collect.figures.groups import FigureError, Group, is_number

MOST_PANELS = 12


def panels(
    count: int, *, columns: int = 3, size: tuple[float, float] = (3.2, 2.8), **shared: Any
) -> tuple[Figure, list[Axes]]:
    """Create a figure with `count` axes, in rows of `columns`."""
    if count > MOST_PANELS:
        raise FigureError(
            f"{count} panels are too many, at most {MOST_PANELS} fit; select runs with `where`, or"
            " put fewer columns into `by`"
        )
    across = min(count, columns)
    down = -(-count // across)
    width, height = (6.4, 4.0) if count == 1 and size == (3.2, 2.8) else size
    figure = Figure(figsize=(max(width * across, 3.6), height * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, **shared).ravel().tolist()
    for spare in grid[count:]:
        spare.set_axis_off()
    return figure, grid[:count]


def looks(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Colour, dashes and marker of the line of each group.

    Raises
    ------
    FigureError   if there are more groups than distinct looks
    """
    if len(groups) > style.MOST_LINES:
        raise FigureError(
            f"{len(groups)} lines are too many, at most {style.MOST_LINES} can be told apart;"
            " select runs with `where`, or put fewer columns into `by`"
        )
    ordered = all(len(group.levels) == 1 and is_number(group.levels[0]) for group in groups)
    return style.looks(len(groups), ordered)


def limits(axes: Axes, value: str) -> None:
    """Set the limits of a share to 0 and 1, with room for a line on either edge."""
    if is_share(value):
        axes.set_ylim(-0.03, 1.03)
