"""Numbers against the iteration: one line per group, with a band of its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import Group, grouped, means, not_measured
from grokrfm.collect.figures.kind import Kind, check_option
from grokrfm.collect.figures.panels import limits, looks, panels
from grokrfm.collect.tables import check_columns

MOST_POINTS = 2_000  # of a line
NONE = pd.DataFrame({"mean": [], "low": [], "high": [], "count": []})


@dataclass(frozen=True, kw_only=True)
class Iterations(Kind):
    """One panel per value; only finished runs are drawn.

    Parameters
    ----------
    value   columns of `collect.steps`
    scale   scale of the values: linear or log
    """

    value: Sequence[str]
    scale: str = "linear"

    LISTS: ClassVar[Sequence[str]] = (*Kind.LISTS, "value")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("scale", self.scale, ("linear", "log"))

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data)
        steps = data.steps(self.value)
        if steps.empty:
            raise not_measured(", ".join(self.value))
        check_columns(steps, ["digest", "iteration"], self.value)
        figure = _over_iterations(steps, groups, self.value, self.by)
        if self.scale == "log":
            for axes in figure.axes:
                axes.set_yscale("log")
                style.plain_ticks(axes.yaxis)
        return figure


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
    summaries = {value: _summaries(steps, groups, value) for value in values}
    drawn = [
        (group, {value: summaries[value].get(number, NONE) for value in values})
        for number, group in enumerate(groups)
        if any(number in of_groups for of_groups in summaries.values())
    ]
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
        step = max(_step(points[value]) for _, points in drawn)
        axes.set_xlabel("iteration" if step == 1 else f"iteration (1 in {step} is drawn)")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylabel(style.words(value))
        limits(axes, value)
    style.legend(figure, handles, style.named(by))
    return figure


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
