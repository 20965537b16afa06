"""Numbers against the iteration: one line per group, with a band of its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import Group, grouped, means, not_measured
from grokrfm.collect.figures.kind import Kind
from grokrfm.collect.figures.panels import limits, looks, panels
from grokrfm.collect.tables import check_columns


@dataclass(frozen=True, kw_only=True)
class Iterations(Kind):
    """One panel per value; only finished runs are drawn.

    Parameters
    ----------
    value   columns of `collect.steps`
    """

    value: Sequence[str]

    LISTS: ClassVar[Sequence[str]] = (*Kind.LISTS, "value")

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data)
        if data.steps.empty:
            raise not_measured(", ".join(self.value))
        check_columns(data.steps, ["digest", "iteration"], self.value)
        return _over_iterations(data.steps, groups, self.value, self.by)


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
        return _over_iterations(steps, grouped(runs, by), [value], by)


def _over_iterations(
    steps: pd.DataFrame, groups: Sequence[Group], values: Sequence[str], by: Sequence[str]
) -> Figure:
    """Draw the groups and iterations that have numbers."""
    drawn = [(group, _summaries(steps, group, values)) for group in groups]
    drawn = [(group, points) for group, points in drawn if any(map(len, points.values()))]
    if not drawn:
        raise not_measured(", ".join(values))
    figure, grid = panels(len(values), sharex=True)
    handles = []
    for (group, points), look in zip(drawn, looks([group for group, _ in drawn]), strict=True):
        lines = [_line(axes, points[value], look) for axes, value in zip(grid, values, strict=True)]
        counts = [n for summary in points.values() for n in summary["count"]]
        lines[0].set_label(group.label(style.counted(counts)))
        handles.append(lines[0])
    for axes, value in zip(grid, values, strict=True):
        axes.set_xlabel("iteration")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylabel(style.words(value))
        limits(axes, value)
    style.legend(figure, handles, ", ".join(by))
    return figure


def _summaries(steps: pd.DataFrame, group: Group, values: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Mean, interval and number of runs at every iteration, for each value."""
    history = steps[steps["digest"].isin(group.finished["digest"])]
    return {
        value: means(history.dropna(subset=value).groupby("iteration")[value]) for value in values
    }


def _line(axes: Axes, points: pd.DataFrame, look: dict[str, Any]) -> Line2D:
    x, mean = points.index.to_numpy(dtype=float), points["mean"].to_numpy()
    half = np.nan_to_num(points["interval"].to_numpy())
    [line] = axes.plot(x, mean, **{**look, "marker": look["marker"] if len(x) == 1 else ""})
    axes.fill_between(x, mean - half, mean + half, color=look["color"], alpha=0.2, linewidth=0)
    return line
