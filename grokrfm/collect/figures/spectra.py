"""Eigenvalues of feature matrices, in descending order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import matrix
from grokrfm.collect.figures.groups import FigureError, Group
from grokrfm.collect.figures.kind import Kind, check_option, looks
from grokrfm.collect.presets import PresetError

MOST_RUNS = 100  # in the lines of a group


@dataclass(frozen=True, kw_only=True)
class Spectra(Kind):
    """One panel per number of updates, one line per finished run with saved M, at most
    MOST_RUNS in a group.

    Eigenvalues are relative to the largest. Negative ones, which come from rounding, are not drawn.

    Parameters
    ----------
    k       "last", a number of updates, or a list of these
    scale   log or linear
    """

    k: Any = "last"
    scale: str = "log"

    SAVED: ClassVar[str] = "features"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("scale", self.scale, ("log", "linear"))
        chosen = self.k if isinstance(self.k, list) else [self.k]
        if not chosen or not all(k == "last" or (type(k) is int and k >= 0) for k in chosen):
            raise PresetError(
                f"figure: k must be last, a number of updates, or a list of these, got {self.k!r}"
            )
        object.__setattr__(self, "k", tuple(chosen))

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data)
        figure, grid, _ = self.panels(len(self.k), sharey=True, sharex=True)
        handles = []
        for group, look in zip(groups, looks(groups), strict=True):
            counts = [
                _lines(axes, data, group, k, look) for axes, k in zip(grid, self.k, strict=True)
            ]
            if max(counts):  # the label says how many of the runs are drawn
                name = group.label_of(max(counts))
                handles.append(Line2D([], [], **{**look, "marker": ""}, label=name))
        if not handles:
            raise FigureError("no finished run saved feature matrices; there is nothing to draw")
        for axes, k in zip(grid, self.k, strict=True):
            axes.set_title("after the last update" if k == "last" else f"after {k} updates")
            axes.set_xlabel("rank")
            style.whole_numbers(axes.xaxis)
            axes.set_yscale(self.scale)
            if self.scale == "log":
                style.plain_ticks(axes.yaxis)
        style.name_y(grid[0], "eigenvalue of M / largest")
        self.legend(figure, handles)
        return figure


def relative_eigenvalues(M: np.ndarray) -> np.ndarray:
    """Eigenvalues in descending order over the largest, (d,)."""
    values: np.ndarray = np.linalg.eigvalsh(M)[::-1]
    return values / values[0]


def _lines(axes: Axes, data: Data, group: Group, k: Any, look: dict[str, Any]) -> int:
    """Draw the spectra of runs of a group, at most MOST_RUNS, and return their number."""
    count = 0
    digests: Sequence[str] = group.finished["digest"].tolist()
    for digest in digests:
        if count == MOST_RUNS:
            break
        if (kept := matrix(data, digest, k)) is not None:
            values = relative_eigenvalues(kept[1])
            shown = np.where(values > 0, values, np.nan)
            plain = {"color": look["color"], "linestyle": look["linestyle"]}
            axes.plot(np.arange(1, len(values) + 1), shown, linewidth=1.0, alpha=0.8, **plain)
            count += 1
    return count
