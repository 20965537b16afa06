"""Multiplication table of a group, and the table that learned matrices give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.examples import headline, predictions, too_many
from grokrfm.collect.figures.kind import Kind
from grokrfm.collect.figures.predictions import RING

MOST_ROWS = 6
MOST_WRITTEN = 12  # elements whose numbers are written into the cells


@dataclass(frozen=True, kw_only=True)
class Products(Kind):
    """One row per group: its first run by seed that saved its products (save.predictions=last).

    On the left the table of the group that the actions generate; a shade is an element. On the
    right the element whose matrix is nearest to the product of the two learned matrices: white if
    none is near, marked where it is another than on the left.
    """

    SAVED: ClassVar[str] = "predictions"
    NEEDED: ClassVar[Sequence[str]] = ("true_products", "learned_products")

    def draw(self, data: Data) -> Figure:
        shown = predictions(self.groups(data), data, self.NEEDED, "products of its matrices")
        too_many(shown, MOST_ROWS, "rows of tables")
        figure = Figure(figsize=self.sized(7.2, 3.8 * len(shown)), layout="compressed")
        grid = figure.subplots(len(shown), 2, squeeze=False)
        codes: set[str] = set()
        for (left, right), (group, run, arrays) in zip(grid, shown, strict=True):
            true, learned = arrays["true_products"], arrays["learned_products"]
            right_share = (true == learned).mean()
            _show(left, true, true)
            _show(right, learned, true)
            codes |= {_MARK["label"]} if ((learned != true) & (learned >= 0)).any() else set()
            codes |= {_NONE["label"]} if (learned < 0).any() else set()
            style.title(left, "\n".join(filter(None, [headline(group, run), "true products"])))
            style.title(right, f"learned products: {100 * right_share:.3g} % are right")
        marks: list[Any] = [Line2D([], [], **_MARK), Patch(**_NONE)]
        if handles := [mark for mark in marks if mark.get_label() in codes]:
            self.legend(figure, handles, "")
        return figure


_MARK: dict[str, Any] = {
    **RING,
    "linestyle": "",
    "marker": "X",
    "markersize": 5,
    "label": "another element",
}
_NONE: dict[str, Any] = {
    "facecolor": "white",
    "edgecolor": "0.4",
    "linewidth": 0.5,
    "label": "near the matrix of no element",
}


def _show(axes: Axes, products: np.ndarray, true: np.ndarray) -> None:
    order = len(true)
    shown = np.where(products >= 0, products, np.nan)
    axes.imshow(shown, vmin=0, vmax=order - 1, rasterized=True)
    axes.grid(visible=False)
    axes.set_xlabel("h, first")
    axes.set_ylabel("g, then")
    for side in (axes.xaxis, axes.yaxis):
        style.whole_numbers(side)
    g, h = np.nonzero((products != true) & (products >= 0))
    if order <= min(MOST_WRITTEN, int(4 * style.panel_size(axes)[0])):
        for (row, column), element in np.ndenumerate(products):
            if element >= 0:
                ink = "white" if element < order / 2 else "black"
                where: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7}
                axes.text(column, row, str(element), color=ink, **where)
        axes.plot(h + 0.32, g - 0.32, **{**_MARK, "markersize": 4})
    else:
        axes.plot(h, g, **{**_MARK, "markersize": max(1.0, min(5.0, 150 / order))})
