"""Elements of a group on the axes of a figure: their names and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axis import Axis, XAxis

from grokrfm.collect.figures import style
from grokrfm.collect.figures.groups import FigureError

ORDERS = ("table", "logarithm")
"""Orders of elements: that of the group, or that of their discrete logarithms."""


def ordered(arrays: Mapping[str, np.ndarray], order: str, n: int) -> np.ndarray:
    """Indices of n elements in some order, one of ORDERS.

    Raises
    ------
    FigureError   if the run keeps no discrete logarithms
    """
    if order == "table":
        return np.arange(n)
    if "logarithms" not in arrays:
        raise FigureError(
            "order: logarithm needs a cyclic group, whose logarithms the run has kept; set"
            " order: table"
        )
    return np.argsort(arrays["logarithms"])


def name_elements(axis: Axis, names: np.ndarray, operands: Sequence[str], rows: int) -> None:
    """Name elements at the ticks of an axis; the same ones for each of its operands.

    Parameters
    ----------
    names      of the n elements in their order
    operands   letters of the blocks of n places, such as a and b
    rows       number of places on the axis
    """
    n = len(names)
    most = max(2, int(2 * style.panel_size(axis.axes)[0] / len(operands)))
    every = -(-n // most)
    places = [place for place in range(rows) if place % n % every == 0]
    written = [style.text(str(names[place % n]), 8) for place in places]
    axis.set_ticks(places, written)
    across, longest = isinstance(axis, XAxis), max(map(len, written))
    turned = across and longest > 3
    axis.set_tick_params(length=2, labelsize=6, labelrotation=90 if turned else 0)
    if len(operands) == 1:
        axis.set_label_text(operands[0])
        return
    middles = [number * n + (n - 1) / 2 for number in range(len(operands))]
    axis.remove_overlapping_locs = False  # else a middle that is a tick has no letter
    axis.set_ticks(middles, operands, minor=True)
    axis.set_tick_params(
        which="minor", length=0, pad=10 + (4 * longest if turned or not across else 2), labelsize=8
    )
