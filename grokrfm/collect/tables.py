"""Tables: statistics of the runs of every cell, with their number and that of missing runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import nearest
from grokrfm.collect.caption import Caption, caption
from grokrfm.collect.columns import (
    FAILED,
    OBJECTIVE,
    grouped,
    is_share,
    is_text,
    long_name,
    measured,
    names,
)
from grokrfm.collect.intervals import symmetric
from grokrfm.collect.layout import Layout, TableError, Value
from grokrfm.collect.mixtures import refuse_mixtures
from grokrfm.collect.pairs import SEED, differences
from grokrfm.collect.select import where
from grokrfm.collect.statistics import Sample
from grokrfm.collect.writing import USUAL, Writing

COUNTS = ("planned", "finished", "failed", "missing")
ENDS = ("", "_low", "_high")
"""Endings of the columns of a mean and of its interval."""
ABOUT_SKEW = " [cut at 0 and 1; Wilson's if 10 runs or more have 0 or 1]"
SEEDED = "depends_on_seed"
"""Fact of a run: False if nothing in it is random, so that every seed gives the same."""
DETERMINISTIC = "deterministic"
"""Column of cells of a single run that does not depend on its seed."""


@dataclass(frozen=True, eq=False)
class Table:
    """Table ready to be written.

    Parameters
    ----------
    cells     one row per cell, as `table` returns them
    layout    the request
    values    values of the layout, parsed
    caption   provenance of the numbers
    writing   notation of the numbers
    """

    cells: pd.DataFrame
    layout: Layout
    values: Sequence[Value]
    caption: Caption
    writing: Writing = USUAL


def table(
    runs: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[str],
    **more: Any,
) -> pd.DataFrame:
    """Numbers in the cells of rows × columns.

    Parameters
    ----------
    runs            as `collect.runs` returns them; only finished runs enter an estimate
    rows, columns   names of columns of `runs` that make the cells
    values          columns, or COLUMN:STATISTIC with the statistic mean, bootstrap, median, range,
                    share=THRESHOLD or time; of texts, such as a verdict, counts or share=TEXT
    more            other settings of a Layout: statistic, where, paired, average_over

    Returns
    -------
    DataFrame, one row per cell: the rows and columns; for each value the columns `value` (mean,
    median, share, or a text with the counts), its bounds `value_low` and `value_high` (for a mean
    also the half width `value_interval`), and `value_n`, the number of runs in it; then the numbers
    of planned, finished, failed and missing (not yet ended) runs

    Raises
    ------
    TableError   if a column is unknown, a value is not numeric, or a scientific setting outside
                 `average_over` differs within a cell
    """
    return build(runs, Layout(rows, columns, values, **more)).cells


def build(runs: pd.DataFrame, layout: Layout, writing: Writing = USUAL) -> Table:
    """Build the table of a layout; see `table`."""
    if not layout.values:
        layout = replace(layout, values=[_objective(runs)])
    layout = replace(
        layout,
        rows=[long_name(runs, name) for name in layout.rows],
        columns=[long_name(runs, name) for name in layout.columns],
        average_over=[long_name(runs, name) for name in layout.average_over],
    )
    values = layout.shown(runs)
    pair = layout.pair
    check_columns(
        runs,
        groups=[*layout.by, *([pair.setting, SEED] if pair else [])],
        values=[value.column for value in values if not value.statistic.of_texts],
        texts=[value.column for value in values if value.statistic.of_texts],
    )
    check_columns(runs, groups=layout.average_over, values=[])
    chosen = where(runs, layout.where)
    if chosen.empty:
        raise TableError(f"where {layout.where!r} selects none of the {len(runs)} runs")
    refuse_mixtures(chosen, layout)
    compared = differences(chosen, layout.by, values, pair) if pair else chosen
    cells = pd.DataFrame(_cells(compared, layout.by, values, shares=pair is None))
    about = caption(chosen, layout, values)
    if any(_is_skew(cells, value) for value in values):
        about = replace(about, shown=about.shown + ABOUT_SKEW)
    if not writing.counts:
        about = replace(about, counts=f"{about.counts}, {_counts(cells, values)} per cell")
    return Table(cells, layout, values, about, writing)


def _counts(cells: pd.DataFrame, values: Sequence[Value]) -> str:
    """Number of runs in the cells: n = 3, or n = 2 to 3."""
    counts = cells[[f"{value.label}_n" for value in values]].to_numpy()
    low, high = counts.min(), counts.max()
    return f"n = {low}" if low == high else f"n = {low} to {high}"


def _is_skew(cells: pd.DataFrame, value: Value) -> bool:
    """True if some interval is not symmetric about its mean."""
    columns = [f"{value.label}{end}" for end in ENDS]
    if not value.statistic.text_skew or not set(columns) <= set(cells):
        return False
    ends = cells[columns].dropna()
    return not all(symmetric(*map(float, line)) for line in ends.to_numpy())


def _objective(runs: pd.DataFrame) -> str:
    objective = runs.attrs.get(OBJECTIVE)
    if runs.empty:
        raise TableError("there are no runs yet")
    if objective is None:
        raise TableError("these runs have no number of choice; name one with --value")
    return str(objective)


def check_columns(
    frame: pd.DataFrame, groups: Sequence[str], values: Sequence[str], texts: Sequence[str] = ()
) -> None:
    """Refuse columns that do not exist, are named twice, or are not numeric, or no texts.

    Raises
    ------
    TableError   naming the column, and the nearest one if it is unknown
    """
    if frame.empty:
        raise TableError("there are no runs yet")
    for name in [*groups, *values, *texts]:
        if name not in frame:
            raise TableError(f"no column {name!r} in these runs; {nearest(name, names(frame))}")
        if groups.count(name) > 1 or (name in groups and name in [*values, *texts]):
            raise TableError(f"column {name!r} is named twice")
    for name in values:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise TableError(f"column {name!r} is not numeric and cannot be averaged")
    for name in texts:
        if frame[name].notna().any() and not is_text(frame[name]):
            raise TableError(f"column {name!r} holds no texts to be counted")


def _cells(
    runs: pd.DataFrame, by: Sequence[str], values: Sequence[Value], *, shares: bool
) -> Iterator[dict[str, Any]]:
    for key, group in grouped(runs, by):
        finished = group[group["status"] == "finished"]
        cell: dict[str, Any] = dict(zip(by, key, strict=True))
        for value in values:
            cell |= _estimate(finished, value, shares and is_share(value.column))
        failed = int(group["status"].isin(FAILED).sum())
        there = len(finished) + failed
        counts = (len(group), len(finished), failed, len(group) - there)
        cell |= dict(zip(COUNTS, counts, strict=True))
        if SEEDED in runs:
            unseeded = group[SEEDED].eq(False).fillna(False)
            cell[DETERMINISTIC] = len(group) == 1 and bool(unseeded.all())
        yield cell


def _estimate(finished: pd.DataFrame, value: Value, share: bool) -> dict[str, Any]:
    statistic, compute = value.statistic, value.statistic.compute
    sample = sample_of(finished, value.column, time=statistic.is_time, texts=statistic.of_texts)
    numbers = compute(replace(sample, share=share)) if len(sample) else {"": np.nan}
    named = {f"{value.label}_{name}" if name else value.label: x for name, x in numbers.items()}
    return {**named, f"{value.label}_n": len(sample)}


def sample_of(finished: pd.DataFrame, name: str, *, time: bool, texts: bool = False) -> Sample:
    """Numbers or texts of finished runs; for a time, also of those that did not reach it.

    These have their last iteration instead. A run that stopped early at a fixed point never reaches
    it. A run that did not look for it, or whose last iteration is unknown, does not count.
    """
    column = finished[name]
    # sorted, since the sum must not depend on the order of the runs
    values = np.sort(column.dropna().to_numpy(dtype="object" if texts else "float64"))
    unreached = np.array([])
    if time and "updates" in finished:
        without = finished[column.isna()]
        if measured(name) in without:
            without = without[without[measured(name)]]
        watched = without["updates"].astype("float64")
        if "stopped_early" in without:
            stopped = without["stopped_early"].fillna(False).astype("bool")
            watched = watched.mask(stopped, np.inf)
        unreached = watched.dropna().to_numpy() - 1  # iterations are counted from 0
    return Sample(values, unreached)
