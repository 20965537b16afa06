"""Notation of the numbers of a table: digits, percent, counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grokrfm.collect.columns import is_share
from grokrfm.collect.layout import Value


@dataclass(frozen=True)
class Writing:
    """Notation of the numbers of a table.

    Parameters
    ----------
    percent   True to write shares, and their bounds, in percent
    digits    decimals of every number; None: about three significant figures, of percent 1
    counts    True to write the number of runs into every cell, False to say it in the caption
    label     LaTeX label; the table then stands in an environment with its caption
    """

    percent: bool = False
    digits: int | None = None
    counts: bool = True
    label: str = ""

    def in_percent(self, value: Value) -> bool:
        """True if the numbers of a value are written in percent."""
        is_of_runs = value.statistic.name.startswith("share=")
        return self.percent and (is_of_runs or is_share(value.column))

    def number(self, x: float, value: Value) -> str:
        """Write a number of a value."""
        percent = self.in_percent(value)
        digits = 1 if percent and self.digits is None else self.digits
        x = 100 * x if percent else x
        return number(x) if digits is None else f"{x:.{digits}f}"


def number(x: float) -> str:
    """Number with about three significant figures."""
    if math.isinf(x):
        return "not reached"
    if x == 0 or 1e-3 <= abs(x) < 10:
        return f"{x:.3f}"
    return f"{x:.1f}" if 10 <= abs(x) < 1e5 else f"{x:.2e}"


USUAL = Writing()
"""Notation where none is asked for."""
