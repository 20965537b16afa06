"""Feature matrices, and the permutation matrices of reflections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.elements import ORDERS, name_elements, ordered
from grokrfm.collect.figures.examples import headline, matrix, representatives, too_many
from grokrfm.collect.figures.groups import FigureError, Group, is_number
from grokrfm.collect.figures.kind import Kind, check_option
from grokrfm.collect.figures.reflections import check_reflections, permutation_matrices
from grokrfm.collect.presets import PresetError

MOST_SHOWN = 12
MOST_ABREAST = 4
DIVERGING = "RdBu_r"  # white at 0


@dataclass(frozen=True, eq=False)
class Picture:
    """Matrix under its title; n elements of an operand by name, none if they are unknown."""

    title: str
    values: np.ndarray
    names: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Matrices(Kind):
    """M_k of the first run by seed of every group, on one scale, and each Π(sr^k) once.

    The lines separate the coordinates of the first operand from those of the second.

    Parameters
    ----------
    k             "last" or the number of updates made
    reflections   "split": those whose fixed points the split holds out; none; or a list of elements
    diagonal      "kept", or "blank" if its large entries hide the others
    order         order of the elements: that of the "table", or of their discrete "logarithm"
    """

    k: Any = "last"
    reflections: Any = "split"
    diagonal: str = "kept"
    order: str = "table"

    SAVED: ClassVar[str] = "features"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("diagonal", self.diagonal, ("kept", "blank"))
        check_option("order", self.order, ORDERS)
        if self.k != "last" and (type(self.k) is not int or self.k < 0):
            raise PresetError(f"figure: k must be last or a number of updates, got {self.k!r}")
        check_reflections(self.reflections)

    def draw(self, data: Data) -> Figure:
        shown = representatives(
            self.groups(data), lambda digest: matrix(data, digest, self.k), f"M (k: {self.k})"
        )
        too_many(shown, MOST_SHOWN, "matrices")
        learned, beside = [], dict[tuple[str, bytes], tuple[Group, Picture]]()
        for group, run, (k, M) in shown:
            arrays = data.figure_arrays(str(run["digest"]))
            learned.append(self._learned(headline(group, run, f"M, k = {k}"), M, arrays))
            found = permutation_matrices(arrays, self.reflections)
            for name, values in found.items():
                picture = self._ordered(f"Π({style.text(name)})", values, arrays)
                beside.setdefault((name, picture.values.tobytes()), (group, picture))
        if len(beside) > MOST_SHOWN:
            raise FigureError(
                f"{len(beside)} reflections are too many, at most {MOST_SHOWN} fit beside M; list"
                " some in `reflections`"
            )
        names = Counter(name for name, _ in beside)
        permutations = [
            replace(picture, title=f"{group.name}\n{picture.title}") if names[name] > 1 else picture
            for (name, _), (group, picture) in beside.items()
        ]
        return self._drawn(learned, permutations)

    def _learned(self, title: str, M: np.ndarray, arrays: Mapping[str, np.ndarray]) -> Picture:
        shown = M.copy()
        if self.diagonal == "blank":
            np.fill_diagonal(shown, np.nan)
        return self._ordered(title, shown, arrays)

    def _ordered(self, title: str, values: np.ndarray, arrays: Mapping[str, np.ndarray]) -> Picture:
        """Picture with the elements of both operands in the order that is asked for."""
        names = arrays.get("elements", np.array([]))
        n = len(names)
        if not n or len(values) != 2 * n:
            return Picture(title, values, np.array([]))
        order = ordered(arrays, self.order, n)
        both = np.concatenate([order, n + order])
        return Picture(title, values[np.ix_(both, both)], names[order])

    def _drawn(self, learned: Sequence[Picture], permutations: Sequence[Picture]) -> Figure:
        rows = [list(learned), list(permutations)]
        if len(learned) == 1:
            rows = [[*learned, *permutations]]
        across = min(max(map(len, rows)), MOST_ABREAST, self.most_abreast)
        rows = [row[i : i + across] for row in rows for i in range(0, len(row), across)]
        width = 3.0 if across <= 3 else 2.3
        if is_number(self.size):
            width = (self.size - 0.5) / across
        size = self.sized(width * across + 0.5, (width + 0.3) * len(rows))
        figure = Figure(figsize=size, layout="compressed")
        grid = figure.subplots(len(rows), across, squeeze=False)
        reach = max(float(np.nanmax(np.abs(one.values), initial=0)) for one in learned) or 1.0
        on_scale = []
        for places, row in zip(grid, rows, strict=True):
            for axes in places[len(row) :]:
                axes.set_axis_off()
            for axes, picture in zip(places, row, strict=False):
                if any(picture is one for one in learned):
                    image = _show(axes, picture, cmap=DIVERGING, vmin=-reach, vmax=reach)
                    on_scale.append(axes)
                else:
                    _show(axes, picture, cmap="Greys", vmin=0, vmax=1)
        figure.colorbar(image, ax=on_scale, shrink=0.85, aspect=25)
        return figure


def _show(axes: Axes, picture: Picture, **scale: Any) -> AxesImage:
    image = axes.imshow(picture.values, rasterized=True, **scale)
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color="0.7")
    style.title(axes, picture.title)
    n = len(picture.names)
    for axis in (axes.xaxis, axes.yaxis):
        if n:
            name_elements(axis, picture.names, ["a", "b"], 2 * n)
        else:
            axis.set_ticks([])
    for line in (axes.axhline, axes.axvline) if n else ():
        line(n - 0.5, color="0.4", linewidth=0.6)
    return image
