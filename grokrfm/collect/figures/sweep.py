"""Final numbers against a swept setting: one line per group, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, Group, means, not_measured, numeric
from grokrfm.collect.figures.kind import check_option
from grokrfm.collect.figures.lines import Legend, Lines

MOST_TICKS = 60  # levels of an x that is not numeric
MOST_LEVELS = 2_000
MOST_DOTS = 5_000


@dataclass(frozen=True, kw_only=True)
class Sweep(Lines):
    """One panel per value; a point is the mean of the finished runs.

    The marker is open if planned runs are missing or lack the number.

    Parameters
    ----------
    x       swept column of `collect.runs`; spaced evenly unless all levels are numbers
    value   columns of `collect.runs` to average
    scale   scale of a numeric x: linear, log or symlog (linear up to 1, then log)
    seeds   draw every run as a faint dot, too; of many runs, evenly chosen ones
    """

    x: str
    value: Sequence[str]
    scale: str = "linear"
    seeds: bool = False

    LISTS: ClassVar[Sequence[str]] = (*Lines.LISTS, "value")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("scale", self.scale, ("linear", "log", "symlog"))

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data, self.value, also=[self.x])
        positions, ticks = _positions(self.selected(data)[self.x])
        step = -(-len(positions) // MOST_DOTS)
        panels, lines = self.arranged(groups)
        figure, grid = self.grid(panels, self.value, style.words(self.x))
        legend, open_ones, drawn = Legend(), False, False
        for panel, axes_of_panel in zip(panels, grid, strict=True):
            for group, look in panel.lines:
                look = {**look, "linestyle": ""} if ticks else look  # nothing between names
                for axes, value in zip(axes_of_panel, self.value, strict=True):
                    points = _points(group, positions, self.x, value)
                    line = self._line(axes, points, group, positions, value, look, step)
                    legend.add(group, line, points["n"][points["n"] > 0].tolist())
                    open_ones |= bool((points["n"] < points["planned"])[points["n"] > 0].any())
                    drawn |= len(line.get_xdata()) > 0  # type: ignore[arg-type]
            for axes in axes_of_panel:
                self._finish(axes, ticks, whole=bool((positions % 1 == 0).all()))
        if not drawn:
            raise not_measured(", ".join(self.value))
        more = []
        if open_ones:
            more.append(_mark("open: some runs are missing", marker="o", markerfacecolor="white"))
        if self.seeds and step > 1:
            more.append(_mark(f"dots: 1 in {step} runs", marker=".", alpha=0.35))
        self.line_legend(figure, legend, lines, more)
        return figure

    def _line(
        self,
        axes: Axes,
        points: pd.DataFrame,
        group: Group,
        positions: pd.Series,
        value: str,
        look: dict[str, Any],
        step: int,
    ) -> Line2D:
        drawn = points.dropna(subset="mean")
        x, mean = drawn.index.to_numpy(dtype=float), drawn["mean"].to_numpy()
        if self.seeds:
            runs = group.finished.iloc[::step]
            dots = {"color": look["color"], "marker": ".", "alpha": 0.35, "markeredgewidth": 0}
            axes.plot(positions[runs.index], runs[value].astype(float), linestyle="", **dots)
        container = axes.errorbar(
            x,
            mean,
            yerr=[mean - drawn["low"], drawn["high"] - mean],
            capsize=2.5,
            elinewidth=0.9,
            **look,
        )
        short = drawn[drawn["n"] < drawn["planned"]]
        hollow = {**look, "linestyle": "", "markerfacecolor": "white"}
        axes.plot(short.index.to_numpy(dtype=float), short["mean"], zorder=3, **hollow)
        line: Line2D = container.lines[0]
        return line

    def _finish(self, axes: Axes, ticks: list[str], *, whole: bool) -> None:
        if ticks:
            style.name_ticks(axes, range(len(ticks)), ticks)
            axes.set_xlim(-0.5, len(ticks) - 0.5)
        elif self.scale != "linear":
            axes.set_xscale(self.scale, **({"linthresh": 1} if self.scale == "symlog" else {}))
            style.plain_ticks(axes.xaxis)
        elif whole:
            style.whole_numbers(axes.xaxis)


def _mark(label: str, **look: Any) -> Line2D:
    return Line2D([], [], color="0.3", linestyle="", label=label, **look)


def _positions(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """Position of each run on the axis, and the tick labels of levels that are not numbers."""
    numbers = numeric(column)
    count, most = column.nunique(dropna=False), MOST_TICKS if numbers is None else MOST_LEVELS
    if count > most:
        raise FigureError(
            f"{count} levels of {column.name} are too many, at most {most} fit; select runs with"
            " `where`"
        )
    if numbers is not None:
        return numbers, []
    levels = sorted(column.unique().tolist(), key=str)
    ticks = [style.text(style.level(str(column.name), one), style.TICK) for one in levels]
    return column.map(levels.index).astype(float), ticks


def _points(group: Group, positions: pd.Series, x: str, value: str) -> pd.DataFrame:
    """Mean, interval, n and planned runs at every position."""
    at = positions[group.runs.index]
    numbers = group.runs[value].astype(float).where(group.runs["status"] == "finished")
    found = numbers.groupby(at)
    return means(found, value).rename(columns={"count": "n"}).assign(planned=found.size())
