"""Numbers against the iteration: one line per group, with a band of its 95 % interval."""

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
from grokrfm.collect.figures.groups import Group, grouped, means, not_measured
from grokrfm.collect.figures.kind import check_option
from grokrfm.collect.figures.lines import Legend, Lines, Look, Panel
from grokrfm.collect.presets import PresetError
from grokrfm.collect.tables import check_columns

MOST_POINTS = 2_000  # of a line
NONE = pd.DataFrame({"mean": [], "low": [], "high": [], "count": []})


@dataclass(frozen=True, kw_only=True)
class Iterations(Lines):
    """One panel per value; only finished runs are drawn.

    Parameters
    ----------
    value      columns of `collect.steps`
    scale      scale of the values: linear or log
    together   draw all values on the same axes, each with dashes of its own
    """

    value: Sequence[str]
    scale: str = "linear"
    together: bool = False

    LISTS: ClassVar[Sequence[str]] = (*Lines.LISTS, "value")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("scale", self.scale, ("linear", "log"))
        check_option("together", self.together, (True, False))
        if self.together and len(self.value) > len(style.DASHES):
            raise PresetError(
                f"figure: together fits at most {len(style.DASHES)} values, got {len(self.value)}"
            )

    @property
    def in_shades(self) -> bool:
        return self.together

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data)
        steps = data.steps(self.value)
        if not set(self.value) <= set(steps):
            steps = data.steps(None)  # whose columns the message names
        if steps.empty:
            raise not_measured(", ".join(self.value))
        check_columns(steps, ["digest", "iteration"], self.value)
        return self._drawn(steps, groups)

    def _drawn(self, steps: pd.DataFrame, groups: Sequence[Group]) -> Figure:
        """Draw the groups and iterations that have numbers."""
        measured = steps[steps[list(self.value)].notna().any(axis="columns")]["digest"].unique()
        groups = [group for group in groups if group.finished["digest"].isin(measured).any()]
        if not groups:
            raise not_measured(", ".join(self.value))
        panels, lines = self.arranged(groups)
        values = self.value[:1] if self.together else self.value
        figure, grid = self.grid(panels, values, "iteration")
        legend = Legend()
        for panel, axes_of_panel in zip(panels, grid, strict=True):
            for number, value in enumerate(self.value):
                axes = axes_of_panel[0 if self.together else number]
                self._panel(axes, panel, steps, value, legend)
        if self.together:
            for [axes] in grid:
                if axes.get_ylabel():
                    style.name_y(axes, style.common(list(map(style.words, self.value))))
            self._legend_of_values(figure, legend, lines)
        else:
            self.line_legend(figure, legend, lines)
        return figure

    def _panel(
        self, axes: Axes, panel: Panel, steps: pd.DataFrame, value: str, legend: Legend
    ) -> None:
        summaries = _summaries(steps, [group for group, _ in panel.lines], value)
        for number, (group, look) in enumerate(panel.lines):
            points = summaries.get(number, NONE)
            line = _line(axes, points, self._look(look, value, not group.by))
            solid = Line2D([], [], color=look["color"], linestyle="-")
            legend.add(group, solid if self.together else line, points["count"].tolist())
        step = max(map(_step, summaries.values()), default=1)
        if step > 1:
            axes.set_xlabel(f"iteration (1 in {step} is drawn)")
        style.whole_numbers(axes.xaxis)
        if self.scale == "log":
            axes.set_yscale("log")
            style.plain_ticks(axes.yaxis)

    def _look(self, look: Look, value: str, alone: bool) -> Look:
        """Look of a line; together, values differ in their dashes, and of one group in colour."""
        if not self.together:
            return look
        number = len(self.value) - 1 - self.value.index(value)
        own = {"color": style.COLOURS[number]} if alone else {}
        return look | own | {"linestyle": style.DASHES[number]}

    def _legend_of_values(self, figure: Figure, legend: Legend, lines: Sequence[str]) -> None:
        alone = not lines
        looks = [self._look({"color": "0.3"}, value, alone) for value in self.value]
        values = [
            Line2D([], [], label=style.words(value), **look)
            for value, look in zip(self.value, looks, strict=True)
        ]
        if alone:
            [handle], _ = legend.entries()
            self.legend(figure, values, str(handle.get_label()))
        else:
            self.line_legend(figure, legend, lines, values)


def over_iterations(
    steps: pd.DataFrame, runs: pd.DataFrame, value: str, by: Sequence[str]
) -> Figure:
    """Draw one number against the iteration, averaged over the runs of each group.

    Parameters
    ----------
    steps, runs   as `collect.steps` and `collect.runs` return them
    value         a numeric column of `steps`, such as test_loss
    by            columns of `runs` whose combinations make the groups

    Raises
    ------
    GrokrfmError   if a column is unknown or not numeric, or no run has finished
    """
    check_columns(runs, groups=by, values=[])
    check_columns(steps, groups=["digest", "iteration"], values=[value])
    with style.styled():
        return Iterations(value=[value], by=by)._drawn(steps, grouped(runs, by))


def _summaries(steps: pd.DataFrame, groups: Sequence[Group], value: str) -> dict[int, pd.DataFrame]:
    """Mean, interval and number of runs at every iteration, by the number of the group."""
    number_of = {digest: i for i, group in enumerate(groups) for digest in group.finished["digest"]}
    numbers = steps["digest"].map(number_of)
    measured = steps[value].notna() & numbers.notna()
    by = [numbers[measured], steps["iteration"][measured]]
    points = means(steps[value][measured].groupby(by), value)
    return {int(number): points.loc[number] for number in points.index.unique(level=0)}


def _step(points: pd.DataFrame) -> int:
    """Distance of the points to draw, so that there are at most MOST_POINTS."""
    return max(1, -(-len(points) // MOST_POINTS))


def _line(axes: Axes, points: pd.DataFrame, look: dict[str, Any]) -> Line2D:
    points = points.iloc[:: _step(points)]
    x, mean = points.index.to_numpy(dtype=float), points["mean"].to_numpy()
    [line] = axes.plot(x, mean, **{**look, "marker": look["marker"] if len(x) == 1 else ""})
    axes.fill_between(x, points["low"], points["high"], color=look["color"], alpha=0.2, linewidth=0)
    return line
