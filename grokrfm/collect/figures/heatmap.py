"""Heatmap of a number over two swept settings: a mean or a share of runs in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle

from grokrfm.collect.columns import is_share
from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, Group, not_measured, numeric
from grokrfm.collect.figures.kind import Kind, check_number

MOST_WRITTEN = 120
NARROWEST_WRITTEN = 0.3  # inches, of a cell with its number
MOST_LEVELS = 60
MOST_TICKS = 25


@dataclass(frozen=True, eq=False)
class Cells:
    """Mean, number of runs and planned runs of every cell: (levels of y, levels of x)."""

    mean: np.ndarray
    n: np.ndarray
    planned: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Heatmap(Kind):
    """One panel per group; a cell is hatched if runs are missing or lack the number.

    Every cell shows its number unless there are too many cells, and n unless it is the same in all:
    then the label of the scale says it.

    Parameters
    ----------
    x, y        swept columns of `collect.runs`
    value       column to average
    threshold   show the share of runs with at least this value instead of the mean
    """

    x: str
    y: str
    value: str
    threshold: float | None = None

    NARROWEST: ClassVar[float] = 2.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold is not None:
            check_number("threshold", self.threshold)

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data, [self.value], also=[self.x, self.y])
        chosen = self.selected(data)
        x, y = _levels(chosen[self.x]), _levels(chosen[self.y])
        if max(len(x), len(y)) > MOST_LEVELS:
            raise FigureError(
                f"{len(x)} x {len(y)} cells are too many, at most {MOST_LEVELS} levels fit on an"
                " axis; select runs with `where`"
            )
        names = [
            [style.text(style.level(column, level), style.TICK) for level in levels]
            for column, levels in ((self.x, x), (self.y, y))
        ]
        cells = [self._cells(group, x, y) for group in groups]
        means = np.concatenate([cell.mean.ravel() for cell in cells])
        if np.isnan(means).all():
            raise not_measured(self.value)
        low, high = (0.0, 1.0) if self._is_share else (np.nanmin(means), np.nanmax(means))
        size = (max(3.4, 1.7 + 0.5 * min(len(x), 16)), max(2.8, 1.4 + 0.36 * min(len(y), 18)))
        columns = max(1, int(10.5 / size[0]))
        figure, grid, columns = self.panels(
            len(groups), columns=columns, size=size, sharex=True, sharey=True
        )
        room = style.panel_size(grid[0])[0] / len(x)
        written = len(x) * len(y) <= MOST_WRITTEN and room > NARROWEST_WRITTEN
        counts = np.concatenate([cell.n[cell.planned > 0] for cell in cells])
        complete = all((cell.n == cell.planned).all() for cell in cells)
        once = style.counted([int(n) for n in np.unique(counts)]) if written and complete else ""
        once = once if len(np.unique(counts)) == 1 else ""
        digits = _digits(means)
        hatched = False
        for number, (axes, group, cell) in enumerate(zip(grid, groups, cells, strict=True)):
            image = _paint(axes, cell, low, high, digits if written else None, counted=not once)
            hatched |= bool((cell.n < cell.planned).any())
            _name(axes, *names)
            style.title(axes, group.title)
            if number + columns >= len(groups):
                style.name_x(axes, style.words(self.x))
            if number % columns == 0:
                style.name_y(axes, style.words(self.y))
        label = f"{self._label} ({once} per cell)" if once else self._label
        wide = 0.9 * figure.get_size_inches()[1]
        figure.colorbar(image, ax=grid, label=style.wrapped(label, wide), shrink=0.9, aspect=30)
        if hatched:
            patch = Patch(facecolor="white", edgecolor="0.35", hatch="////")
            patch.set_label("hatched: some runs are missing")
            self.legend(figure, [patch], "")
        return figure

    @property
    def _is_share(self) -> bool:
        return self.threshold is not None or is_share(self.value)

    @property
    def _label(self) -> str:
        if self.threshold is None:
            return f"mean {style.words(self.value)}"
        return f"share of runs with {style.words(self.value)} ≥ {self.threshold:g}"

    def _cells(self, group: Group, x: list[Any], y: list[Any]) -> Cells:
        runs = group.runs
        numbers = runs[self.value].astype(float).where(runs["status"] == "finished")
        if self.threshold is not None:
            numbers = (numbers >= self.threshold).astype(float).where(numbers.notna())
        row = runs[self.y].map(lambda level: _index(level, y))
        column = runs[self.x].map(lambda level: _index(level, x))
        found = numbers.groupby([row, column])
        every = pd.MultiIndex.from_product([range(len(y)), range(len(x))])

        def table(column: pd.Series) -> np.ndarray:
            return column.reindex(every).to_numpy(dtype=float).reshape(len(y), len(x))

        n, planned = (np.nan_to_num(table(counts)) for counts in (found.count(), found.size()))
        return Cells(table(found.mean()), n, planned)


def _levels(column: pd.Series) -> list[Any]:
    numbers = numeric(column)
    key = (lambda level: (pd.isna(level), level)) if numbers is not None else str
    return sorted(column.unique().tolist(), key=key)


def _index(level: Any, levels: list[Any]) -> int:
    if pd.isna(level):
        return next(i for i, other in enumerate(levels) if pd.isna(other))
    return levels.index(level)


def _digits(numbers: np.ndarray) -> int:
    """Decimals that show the numbers of all cells with three figures of the largest, at most 2."""
    largest = np.nanmax(np.abs(numbers), initial=0)
    whole = np.isnan(numbers) | (numbers == np.round(numbers))
    if whole.all() and largest > 1:
        return 0
    return int(np.clip(2 - np.floor(np.log10(largest or 1)), 0, 2)) if largest >= 0.1 else 4


def _paint(
    axes: Axes, cells: Cells, low: float, high: float, digits: int | None, *, counted: bool
) -> AxesImage:
    """Paint the cells, with their numbers unless digits is None, and their n if counted."""
    image = axes.imshow(cells.mean, origin="lower", aspect="auto", vmin=low, vmax=high)
    axes.grid(visible=False)
    for (row, column), value in np.ndenumerate(cells.mean):
        n, planned = int(cells.n[row, column]), int(cells.planned[row, column])
        known = not np.isnan(value)
        ink = "white" if known and value - low < 0.5 * ((high - low) or 1) else "black"
        ground: Any = image.cmap(image.norm(value)) if known else "white"
        if n < planned:
            hatch: dict[str, Any] = {"hatch": "////", "linewidth": 0, "edgecolor": ink}
            place = (float(column) - 0.5, float(row) - 0.5)
            axes.add_patch(Rectangle(place, 1, 1, fill=False, alpha=0.5, **hatch))
        if digits is not None and planned:
            runs = f"n={n}" if n == planned else f"{n} of {planned}"
            lines = [f"{value:.{digits}f}"] * known + [runs] * (counted or not known)
            label = "\n".join(lines)
            centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.5}
            if n < planned:  # keeps the number legible on the hatching
                box = {"boxstyle": "square,pad=0.1", "linewidth": 0, "alpha": 0.8}
                centred["bbox"] = box | {"facecolor": ground}
            axes.text(column, row, label, color=ink, **centred)
    return image


def _name(axes: Axes, across: Sequence[str], down: Sequence[str]) -> None:
    most_x, most_y = (max(2, int(4.5 * inches)) for inches in style.panel_size(axes))
    every_x = -(-len(across) // min(MOST_TICKS, most_x))
    every_y = -(-len(down) // min(MOST_TICKS, most_y))
    style.name_ticks(axes, range(0, len(across), every_x), across[::every_x])
    axes.set_yticks(range(0, len(down), every_y), down[::every_y])
