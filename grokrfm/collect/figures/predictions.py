"""Predictions of a run over its whole table: trained on, right, wrong, or undecided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.elements import ORDERS, name_elements, ordered
from grokrfm.collect.figures.examples import headline, predictions
from grokrfm.collect.figures.kind import Kind, check_number, check_option
from grokrfm.collect.figures.reflections import check_reflections, fixed_pairs

NEEDED = ("rows", "operands", "labels", "training", "predicted", "lead")

TRAINED, TRAINED_WRONG, UNDECIDED, WRONG, RIGHT = range(5)
# From light to dark in grey: training rows, with mistakes in black; then test rows.
SHADES = {
    TRAINED: ("#ededed", "trained on"),
    TRAINED_WRONG: ("#000000", "trained on, yet wrong"),
    UNDECIDED: ("#EDB92E", "test, undecided"),
    WRONG: ("#D55E00", "test, wrong"),
    RIGHT: ("#0B4F8A", "test, right"),
}


@dataclass(frozen=True, kw_only=True)
class Predictions(Kind):
    """One panel per group: its first run by seed with saved predictions (save.predictions=last).

    Parameters
    ----------
    tolerance     a test row is undecided if its largest output leads by at most this share of
                  the largest absolute output of the test rows
    reflections   "split", "none" or a list of elements, whose fixed points are marked
    order         order of the elements: that of the "table", or of their discrete "logarithm"
    """

    tolerance: float
    reflections: Any = "split"
    order: str = "table"

    SAVED: ClassVar[str] = "predictions"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("tolerance", self.tolerance)
        check_reflections(self.reflections)
        check_option("order", self.order, ORDERS)

    def draw(self, data: Data) -> Figure:
        shown = predictions(self.groups(data), data, NEEDED, "predictions of a table of pairs")
        figure, grid, _ = self.panels(len(shown), size=(3.3, 3.3), square=True)
        figure.set_layout_engine("compressed")  # square panels would push titles off the page
        seen: set[int] = set()
        marked = False
        colours = ListedColormap([colour for colour, _ in SHADES.values()])
        norm = BoundaryNorm(np.arange(len(SHADES) + 1) - 0.5, len(SHADES))
        for axes, (group, run, kept) in zip(grid, shown, strict=True):
            verdict = verdicts(kept, self.tolerance)
            n = verdict.shape[1]
            order = ordered(kept, self.order, n)
            tables = len(verdict) // n
            down = np.concatenate([n * table + order for table in range(tables)])
            verdict = verdict[down][:, order]
            axes.imshow(verdict, cmap=colours, norm=norm, rasterized=True)
            seen |= set(np.unique(verdict[~np.isnan(verdict)]).astype(int).tolist())
            axes.grid(visible=False)
            axes.spines[:].set_visible(False)
            style.title(axes, headline(group, run))
            axes.set_xlabel("b")
            axes.set_ylabel("a")
            names = kept.get("elements", np.arange(n))
            if len(names) == n:
                name_elements(axes.xaxis, names[order], ["b"], n)
                name_elements(axes.yaxis, names[order], ["a"] * tables, len(verdict))
            a, b = (np.argsort(order)[index] for index in fixed_pairs(kept, self.reflections))
            if len(a):
                size = max(0.4, min(4.0, 100 / len(verdict)))
                axes.plot(b, a, linestyle="", marker="o", markersize=size, **RING)
                marked = True
        handles: list[Any] = [
            Patch(facecolor=colour, edgecolor="0.4", linewidth=0.5, label=name)
            for code, (colour, name) in SHADES.items()
            if code in seen
        ]
        if marked:
            handles.append(
                Line2D([], [], linestyle="", marker="o", **RING, label="reflection axis")
            )
        self.legend(figure, handles)
        return figure


RING: Mapping[str, Any] = {
    "markerfacecolor": "white",
    "markeredgecolor": "black",
    "markeredgewidth": 0.5,
}


def verdicts(kept: dict[str, np.ndarray], tolerance: float) -> np.ndarray:
    """Verdict on every pair, (tables · n, n): a down, b across, tables below each other."""
    right = kept["predicted"] == kept["labels"]
    trained = np.where(right, TRAINED, TRAINED_WRONG)
    least = tolerance * kept.get("size", np.array(1.0))
    tested = np.where(kept["lead"] <= least, UNDECIDED, np.where(right, RIGHT, WRONG))
    rows = np.arange(len(kept["rows"]))
    a, b = _place(kept["rows"], kept)
    grid = np.full((int(a.max()) + 1, int(b.max()) + 1), np.nan)
    grid[a, b] = np.where(kept["training"], trained, tested)[rows]
    return grid


def _place(rows: np.ndarray, kept: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Positions (a, b) of rows of the table in the grid."""
    n = int(kept["operands"][:, 1].max()) + 1
    a, b = np.divmod(rows, n)
    return a, b
