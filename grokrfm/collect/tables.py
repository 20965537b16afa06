"""Tables: mean ± 95 % interval with n, over the runs of a cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from grokrfm.checks import GrokrfmError, nearest

SCIENCE = ("task.", "split.", "kernel.", "rfm.", "start.", "probe.")


class TableError(GrokrfmError):
    """A table was asked for that the runs cannot give."""


def names(frame: pd.DataFrame) -> list[str]:
    """The names of the columns."""
    return [str(name) for name in frame.columns]


def check_columns(frame: pd.DataFrame, groups: Sequence[str], values: Sequence[str]) -> None:
    """Refuse columns that are not there, that are named twice, or that cannot be averaged.

    Raises
    ------
    TableError   naming the column and, for one that is unknown, the nearest that is there
    """
    asked = [*groups, *values]
    if frame.empty:
        raise TableError("there are no runs yet")
    for name in asked:
        if name not in frame:
            raise TableError(f"no column {name!r} in these runs; {nearest(name, names(frame))}")
        if asked.count(name) > 1:
            raise TableError(f"column {name!r} is asked for twice")
    for name in values:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise TableError(f"column {name!r} is not numeric, it cannot be averaged")


def interval(values: pd.Series) -> float:
    """Half width of Student's 95 % interval of the mean; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return np.nan
    if values.nunique() == 1:
        return 0.0  # equal values have no spread, and no rounding of one either
    return float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))


def table(
    runs: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], values: Sequence[str]
) -> pd.DataFrame:
    """Mean, interval and n of some numbers in the cells of rows × columns.

    Parameters
    ----------
    runs            as `collect.runs` gives them; only finished ones count towards a mean
    rows, columns   names of columns of `runs` that make the cells
    values          names of numeric columns

    Returns
    -------
    DataFrame, a line a cell: the rows and columns, then for each value the columns `value` (mean),
    `value_interval` (half width of Student's 95 % interval), `value_n`; at last `finished` and
    `runs`, which differ where runs failed or are still going

    Raises
    ------
    TableError   if a column is unknown, or is not numeric where it must be
    """
    by = [*rows, *columns]
    check_columns(runs, by, values)
    cells = []
    groups = runs.groupby(by, dropna=False, sort=True) if by else [((), runs)]
    for key, group in groups:
        finished = group[group["status"] == "finished"]
        cell = dict(zip(by, key, strict=True))
        for name in values:
            numbers = finished[name].dropna().astype(float)
            cell[name] = numbers.mean() if len(numbers) else np.nan
            cell[f"{name}_interval"] = interval(numbers)
            cell[f"{name}_n"] = len(numbers)
        cells.append({**cell, "finished": len(finished), "runs": len(group)})
    return pd.DataFrame(cells)


def averaged_over(runs: pd.DataFrame, by: Sequence[str]) -> dict[str, list[object]]:
    """Scientific settings that differ between finished runs of one cell: name → values met."""
    finished = runs[runs["status"] == "finished"]
    settings = [name for name in names(runs) if name.startswith(SCIENCE) and name not in by]
    groups = [group for _, group in finished.groupby(list(by), dropna=False)] if by else [finished]
    varying = {
        name: pd.concat([group[name] for group in groups if group[name].nunique(dropna=False) > 1])
        for name in settings
        if any(group[name].nunique(dropna=False) > 1 for group in groups)
    }
    return {name: sorted(levels.unique().tolist(), key=str) for name, levels in varying.items()}
