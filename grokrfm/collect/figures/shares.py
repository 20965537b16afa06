"""Share of runs with some text, such as a verdict, against a setting, with Wilson's interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.columns import LEADING, is_text
from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, not_measured
from grokrfm.collect.figures.kind import Kind, looks
from grokrfm.collect.intervals import wilson
from grokrfm.collect.tables import check_columns

MOST_LEVELS = 40
MOST_WRITTEN = 24  # points with their counts
NARROWEST_WRITTEN = 0.6  # inches, for the counts of a point
ROOM = 0.75  # on the axis, for the points of one level side by side


@dataclass(frozen=True, kw_only=True)
class Shares(Kind):
    """Share of the finished runs with one text in a column, and Wilson's 95 % interval.

    Parameters
    ----------
    x       column of `collect.runs` whose levels stand side by side
    value   column of texts; runs without one do not count
    text    the text whose share is drawn
    """

    x: str
    value: str
    text: str

    @classmethod
    def plain(cls, data: Data, by: Sequence[str]) -> Mapping[str, Any] | None:
        texts = [name for name in data.runs.attrs.get(LEADING, ()) if is_text(data.runs[name])]
        known = [name for name in texts if (data.runs[name] == "recovered").any()]
        x, *rest = by or ["study.name"]
        return {"x": x, "value": known[0], "text": "recovered", "by": rest} if known else None

    def draw(self, data: Data) -> Figure:
        check_columns(self.selected(data), [self.x], [], [self.value])
        groups = self.groups(data, also=[self.x])
        levels = sorted(self.selected(data)[self.x].unique().tolist(), key=_missing_last)
        if len(levels) > MOST_LEVELS:
            raise FigureError(
                f"{len(levels)} levels of {self.x} are too many, at most {MOST_LEVELS} fit; select"
                " runs with `where`"
            )
        counted = [(group, _counts(group.finished, self, levels)) for group in groups]
        drawn = [(group, counts) for group, counts in counted if counts[:, 1].any()]
        if not drawn:
            raise not_measured(self.value)
        wide = max(6.4, 1.0 + 0.6 * len(levels) * len(drawn))
        figure, [axes], _ = self.panels(1, size=(wide, 4.0))
        points = sum(int((counts[:, 1] > 0).sum()) for _, counts in drawn)
        room = style.panel_size(axes)[0] / points
        written = points <= MOST_WRITTEN and room > NARROWEST_WRITTEN
        handles = []
        for number, ((group, counts), look) in enumerate(
            zip(drawn, looks([group for group, _ in drawn]), strict=True)
        ):
            shift = ROOM * ((number + 0.5) / len(drawn) - 0.5)
            line = _points(axes, counts, shift, look, written)
            line.set_label(group.label_of(int(counts[:, 1].sum())))
            handles.append(line)
        ticks = [style.text(style.level(self.x, level), style.TICK) for level in levels]
        style.name_ticks(axes, range(len(ticks)), ticks)
        axes.set_xlim(-0.6, len(ticks) - 0.4)
        axes.set_ylim(-0.03, 1.09)
        style.name_x(axes, style.words(self.x))
        text = style.level(self.value, self.text)
        style.name_y(axes, f"share of runs with {style.words(self.value)} {text}")
        axes.grid(axis="x", visible=False)
        self.legend(figure, handles)
        return figure


def _missing_last(level: Any) -> tuple[bool, bool, Any]:
    is_number = isinstance(level, (int, float))
    return bool(pd.isna(level)), not is_number, level if is_number else str(level)


def _counts(finished: pd.DataFrame, of: Shares, levels: Sequence[Any]) -> np.ndarray:
    """(levels, 2) runs with the text, and runs with any."""
    counts = []
    for level in levels:
        column = finished[of.x]
        texts = finished[of.value][column.isna() if pd.isna(level) else column == level].dropna()
        counts.append((int((texts == of.text).sum()), len(texts)))
    return np.array(counts)


def _points(
    axes: Axes, counts: np.ndarray, shift: float, look: dict[str, Any], written: bool
) -> Line2D:
    places = np.flatnonzero(counts[:, 1])
    hits, runs = counts[places].T
    shares = hits / runs
    bounds = np.array([wilson(int(k), int(n)) for k, n in zip(hits, runs, strict=True)])
    reach = np.abs(bounds.T - shares)
    alone = {**look, "linestyle": ""}
    container = axes.errorbar(
        places + shift, shares, yerr=reach, capsize=2.5, elinewidth=0.9, **alone
    )
    if written:
        for place, top, k, n in zip(places, bounds[:, 1], hits, runs, strict=True):
            where: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 7}
            axes.text(place + shift, top + 0.012, f"{k} of {n}", **where)
    line: Line2D = container.lines[0]
    return line
