"""Numbers of runs against a horizon: the error of predictions after more and more actions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.columns import names
from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import Group, means, not_measured
from grokrfm.collect.figures.kind import check_option
from grokrfm.collect.figures.lines import Legend, Lines

SCALES = ("linear", "log", "symlog")


@dataclass(frozen=True, kw_only=True)
class Horizons(Lines):
    """One line per group: the mean of its finished runs, with Student's 95 % band.

    Parameters
    ----------
    value     beginning of the columns of `collect.runs` that end in a number of actions:
              error_at for error_at_0, error_at_10, …
    x_scale   scale of the numbers of actions: linear, log or symlog (linear up to 1, then log)
    scale     scale of the values: linear, log or symlog
    """

    value: str
    x_scale: str = "symlog"
    scale: str = "log"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("x_scale", self.x_scale, SCALES)
        check_option("scale", self.scale, SCALES)

    @classmethod
    def plain(cls, data: Data, by: Sequence[str]) -> Mapping[str, Any] | None:
        found = columns_of("error_at", data.runs)
        measured = found and data.runs[list(found)].notna().to_numpy().any()
        return {"value": "error_at", "by": by} if measured else None

    def draw(self, data: Data) -> Figure:
        columns = columns_of(self.value, self.selected(data))
        groups = self.groups(data, list(columns))
        groups = [group for group in groups if len(_summary(group, columns))]
        if not groups:
            raise not_measured(f"{self.value}_…, such as {self.value}_0")
        floor = 0.5 * min(_summary(group, columns)["mean"].min() for group in groups)
        panels, lines = self.arranged(groups)
        figure, grid = self.grid(panels, [self.value], "actions since the last observation")
        legend = Legend()
        for panel, [axes] in zip(panels, grid, strict=True):
            for group, look in panel.lines:
                points = _summary(group, columns)
                line = self._line(axes, points, look, floor)
                legend.add(group, line, points["count"].tolist())
            if axes.get_ylabel():
                name = style.words(self.value).removesuffix(" at")
                style.name_y(axes, f"{name} of the prediction")
            _rescale(axes, self.x_scale, self.scale)
            if self.scale == "log":
                axes.set_ylim(bottom=floor)
        self.line_legend(figure, legend, lines)
        return figure

    def _line(self, axes: Axes, points: pd.DataFrame, look: dict[str, Any], floor: float) -> Line2D:
        x, mean = points.index.to_numpy(dtype=float), points["mean"].to_numpy()
        [line] = axes.plot(x, mean, **look)
        low, high = points["low"].to_numpy(), points["high"].to_numpy()
        if self.scale == "log":  # a band that reaches zero ends at the edge of the panel
            low = np.maximum(low, floor)
        axes.fill_between(x, low, high, color=look["color"], alpha=0.2, linewidth=0)
        return line


def columns_of(value: str, runs: pd.DataFrame) -> dict[str, int]:
    """Columns VALUE_H with their H, ascending."""
    matches = [(name, re.fullmatch(rf"{re.escape(value)}_(\d+)", name)) for name in names(runs)]
    found = {name: int(match[1]) for name, match in matches if match}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _summary(group: Group, columns: Mapping[str, int]) -> pd.DataFrame:
    """Mean, interval and count of the finished runs, by horizon."""
    long = group.finished[list(columns)].rename(columns=columns).melt(var_name="horizon")
    long = long.astype({"horizon": "int64", "value": "float64"}).dropna()
    return means(long["value"].groupby(long["horizon"]), next(iter(columns), ""))


def _rescale(axes: Axes, x_scale: str, scale: str) -> None:
    for name, side, chosen in (("x", axes.xaxis, x_scale), ("y", axes.yaxis, scale)):
        if chosen != "linear":
            more = {"linthresh": 1} if chosen == "symlog" else {}
            getattr(axes, f"set_{name}scale")(chosen, **more)
            style.plain_ticks(side)
    axes.set_xlim(left=0 if x_scale != "log" else None)
