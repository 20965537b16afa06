"""Feature matrices beside the permutation matrices of reflections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import headline, matrix, representatives, too_many
from grokrfm.collect.figures.groups import FigureError, Group
from grokrfm.collect.figures.kind import Kind, check_option
from grokrfm.collect.figures.reflections import check_reflections, permutation_matrices
from grokrfm.collect.presets import PresetError

MOST_ROWS = 8
MOST_BESIDE = 8


@dataclass(frozen=True, kw_only=True)
class Matrices(Kind):
    """One row per group: M_k of its first run by seed, then Π(sr^k), each with its scale.

    The lines separate the coordinates of the first operand from those of the second.

    Parameters
    ----------
    k             "last" or the number of updates made
    reflections   "split": those whose fixed points the split holds out; none; or a list of elements
    diagonal      "kept", or "blank" if its large entries hide the others
    """

    k: Any = "last"
    reflections: Any = "split"
    diagonal: str = "kept"

    SAVED: ClassVar[str] = "features"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("diagonal", self.diagonal, ("kept", "blank"))
        if self.k != "last" and (type(self.k) is not int or self.k < 0):
            raise PresetError(f"figure: k must be last or a number of updates, got {self.k!r}")
        check_reflections(self.reflections)

    def draw(self, data: Data) -> Figure:
        shown = representatives(
            self.groups(data), lambda digest: matrix(data, digest, self.k), f"M (k: {self.k})"
        )
        too_many(shown, MOST_ROWS, "rows of matrices")
        rows = [self._row(data, *example) for example in shown]
        across = max(map(len, rows))
        if across == 1:  # one matrix per group: several groups share a row
            across = min(len(rows), 3)
            panels = [row[0] for row in rows]
            rows = [panels[i : i + across] for i in range(0, len(panels), across)]
        width = 3.0 if across <= 3 else 2.3
        figure = Figure(figsize=self.sized(width * across, 0.85 * width * len(rows) + 0.2))
        grid = figure.subplots(len(rows), across, squeeze=False)
        for places, row in zip(grid, rows, strict=True):
            for axes in places[len(row) :]:
                axes.set_axis_off()
            for axes, (title, values, n) in zip(places, row, strict=False):
                _show(figure, axes, title, values, n)
        return figure

    def _row(
        self, data: Data, group: Group, run: pd.Series, kept: tuple[int, np.ndarray]
    ) -> list[tuple[str, np.ndarray, int]]:
        """Panels of a row: title, matrix, and n, the coordinates of an operand (0 if unknown)."""
        k, M = kept
        shown = M.copy()
        if self.diagonal == "blank":
            np.fill_diagonal(shown, np.nan)
        arrays = data.figure_arrays(str(run["digest"]))
        n = len(arrays["elements"]) if "elements" in arrays else 0
        row = [(headline(group, run, f"M, k = {k}"), shown, n)]
        found = permutation_matrices(arrays, self.reflections)
        if len(found) > MOST_BESIDE:
            raise FigureError(
                f"{len(found)} reflections are too many, at most {MOST_BESIDE} fit beside M; list"
                " some in `reflections`"
            )
        return row + [(f"Π({style.text(name)})", matrix, n) for name, matrix in found.items()]


def _show(figure: Figure, axes: Axes, title: str, values: np.ndarray, n: int) -> None:
    image = axes.imshow(values, rasterized=True)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    middles = [(n - 1) / 2, n + (n - 1) / 2] if n else []
    operands = ["a", "b"] if n else []
    axes.set_xticks(middles, operands)
    axes.set_yticks(middles, operands)
    axes.tick_params(length=0)
    for line in (axes.axhline, axes.axvline) if n else ():
        line(n - 0.5, color="white", linewidth=0.8)
    axes.set_title(title)
    figure.colorbar(image, ax=axes, shrink=0.85)
