"""Figure of a data frame, for notebooks and scripts: `plot` returns matplotlib's Axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pandas as pd

from grokrfm.collect.columns import lengthened, long_name
from grokrfm.collect.words import in_words

if TYPE_CHECKING:  # matplotlib is slow to import and often not needed
    from matplotlib.axes import Axes

ITERATION = "iteration"


def plot(
    runs: pd.DataFrame,
    *,
    x: str,
    y: str | Sequence[str],
    hue: str | Sequence[str] = (),
    col: str | Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    **settings: Any,
) -> Axes | Any:
    """Draw numbers against a setting, or against the iteration.

    Parameters
    ----------
    runs       as `collect.runs` returns them, or some of them; for x="iteration" as
               `collect.steps(…, settings=[…])` does, with those of hue and col
    x          setting on the x axis, or "iteration"
    y          number, or several
    hue, col   settings whose levels are lines, and panels
    labels     words for columns, in place of those in conf/words/
    settings   others of the kind `sweep`, or `iterations`: scale, seeds, together, average_over,
               where, title, size

    Returns
    -------
    The Axes; several numbers or panels: an array (n,) of Axes. The figure is theirs: `.figure`.

    Raises
    ------
    GrokrfmError   if a column is unknown or not numeric, or there is nothing to draw
    """
    from grokrfm.collect import figures

    runs = lengthened(runs)

    def long(given: str | Sequence[str]) -> list[str]:
        listed = [given] if isinstance(given, str) else given
        return [long_name(runs, name) for name in listed]

    preset = {"value": y, "by": long(hue), "panel": long(col), **settings}
    if x == ITERATION:
        data, preset["kind"] = figures.Data.of_steps(runs), "iterations"
    else:
        data, preset["kind"], preset["x"] = figures.Data.of_runs(runs), "sweep", long(x)[0]
    with in_words(labels or {}):
        figure = figures.draw(data, preset)
    import matplotlib.pyplot as plt
    import numpy as np

    with suppress(ValueError):  # before matplotlib 3.11 pyplot adopts no figure
        plt.figure(figure)  # shown below its cell in a notebook, and by plt.show()
    axes = [one for one in figure.axes if one.axison]
    return axes[0] if len(axes) == 1 else np.array(axes, dtype=object)
