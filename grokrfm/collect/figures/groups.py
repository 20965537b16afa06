"""Groups of runs: each becomes a line, a row or a panel of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.typing import SeriesGroupBy

from grokrfm.checks import GrokrfmError
from grokrfm.collect.columns import grouped as by_levels
from grokrfm.collect.columns import is_share
from grokrfm.collect.figures import style
from grokrfm.collect.intervals import mean_intervals


class FigureError(GrokrfmError):
    """Request for a figure that the runs cannot give."""


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one combination of levels of the columns `by`, finished or not."""

    by: Sequence[str]
    levels: tuple[Any, ...]
    runs: pd.DataFrame

    @property
    def finished(self) -> pd.DataFrame:
        return self.runs[self.runs["status"] == "finished"]

    @property
    def name(self) -> str:
        """Levels in words; those that are missing are left out beside others."""
        return style.text(", ".join(style.level(*pair) for pair in self._present))

    @property
    def title(self) -> str:
        """Name of the group for a panel of its own: a number stands behind its column."""
        parts = [
            f"{style.words(column)} {style.level(column, level)}"
            if is_number(level)
            else style.level(column, level)
            for column, level in self._present
        ]
        return style.text(", ".join(parts), 2 * style.LONGEST)

    @property
    def _present(self) -> list[tuple[str, Any]]:
        pairs = list(zip(self.by, self.levels, strict=True))
        return [(column, level) for column, level in pairs if not pd.isna(level)] or pairs

    def label(self, n: str) -> str:
        """Name of the group and the number of its runs that are drawn."""
        return f"{self.name} ({n})" if self.levels else n

    def label_of(self, n: int) -> str:
        """Label with n, or "n of planned" if some runs are not drawn."""
        planned = len(self.runs)
        return self.label(f"n = {n}" if n == planned else f"n = {n} of {planned}")


def grouped(frame: pd.DataFrame, by: Sequence[str]) -> list[Group]:
    """One group for every combination of levels, in their order."""
    return [Group(by, levels, members) for levels, members in by_levels(frame, by)]


def means(numbers: SeriesGroupBy[Any, Any], value: str) -> pd.DataFrame:
    """Mean, ends of its 95 % interval and number of runs, for every level.

    The interval is that of tables; both ends are the mean of a single run.
    """
    points = numbers.agg(["mean", "sem", "count"])
    mean, sem, n = (points[column].to_numpy() for column in points)
    ends = mean_intervals(mean, sem, n, share=is_share(value))
    points["low"], points["high"] = (np.where(np.isnan(end), mean, end) for end in ends)
    return points


def numeric(column: pd.Series) -> pd.Series | None:
    """Column as floats if all its levels are numbers, else None."""
    if column.map(lambda level: is_number(level) or pd.isna(level)).all():
        return pd.to_numeric(column).astype(float)
    return None


def is_number(level: Any) -> bool:
    """True if a level is an integer or a float."""
    return isinstance(level, (int, float, np.integer, np.floating)) and not isinstance(level, bool)


def not_measured(value: str) -> FigureError:
    """Error for a number that no finished run has measured."""
    return FigureError(f"no finished run has measured {value}; there is nothing to draw")
