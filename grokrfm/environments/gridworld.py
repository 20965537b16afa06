"""Grid world: a cell of a torus, seen as a one-hot vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from grokrfm.checks import integer
from grokrfm.environments.tabular import Tabular, one_hot


def gridworld(size: Any) -> Tabular:
    """Grid of size × size cells with four actions, modulo `size`; the group is C_p × C_p.

    The actions are row + 1, row − 1, column + 1, column − 1; episodes start in any cell.

    Source: the grid world of arXiv:2002.06991.
    """
    size = integer("size", size, minimum=2, maximum=40)
    names = ("row+1", "row-1", "column+1", "column-1")
    return Tabular(f"grid world {size} x {size}", torus(size), one_hot(size**2), names)


def torus(size: int) -> np.ndarray:
    """(p², 4) transitions of a grid of p × p cells in row-major order."""
    row, column = np.divmod(np.arange(size**2), size)
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    moved = [(row + r) % size * size + (column + c) % size for r, c in steps]
    return np.stack(moved, axis=1)
