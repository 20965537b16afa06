"""Paired differences between two levels of a setting, over runs of equal seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from grokrfm.checks import nearest
from grokrfm.collect.columns import FAILED, grouped
from grokrfm.collect.layout import Pair, TableError, Value

SEED = "seed"


def differences(
    runs: pd.DataFrame, by: Sequence[str], values: Sequence[Value], pair: Pair
) -> pd.DataFrame:
    """Differences first − second of every value, one row per pair of runs of one seed.

    Student's interval of such differences is that of the paired t-test.

    Returns
    -------
    DataFrame with the columns `by`, the values, and status: finished if both runs are, failed if
    one failed, missing if one has not ended or does not exist

    Raises
    ------
    TableError   if no run has a level, a seed has several runs at one level, or a value is a time
                 or a text
    """
    for value in values:
        if value.statistic.is_time:
            raise TableError(
                f"{value.label}: a time has no paired differences, since some runs never reach it;"
                f" use {value.column}:mean for the runs that do"
            )
        if value.statistic.of_texts:
            raise TableError(f"{value.label}: texts have no paired differences")
    shown = runs[pair.setting].map(str, na_action="ignore")
    known = sorted(shown.dropna().unique())
    for level in (pair.first, pair.second):
        if level not in known:
            raise TableError(f"no run has {pair.setting}={level}; {nearest(level, known)}")
    columns = list(dict.fromkeys(value.column for value in values))
    parts = []
    for key, cell in grouped(runs, by):
        levels = shown[cell.index]
        first, second = (_by_seed(cell[levels == level], level, pair) for level in pair.levels)
        seeds = first.index.union(second.index)
        one, other = first.reindex(seeds), second.reindex(seeds)
        part = one[columns].astype("float64") - other[columns].astype("float64")
        part["status"] = [
            _status(set(statuses)) for statuses in zip(one["status"], other["status"], strict=True)
        ]
        for name, level in zip(by, key, strict=True):
            part[name] = pd.Series([level] * len(part), part.index, dtype=runs[name].dtype)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _by_seed(runs: pd.DataFrame, level: str, pair: Pair) -> pd.DataFrame:
    twice = runs[SEED][runs[SEED].duplicated()]
    if len(twice):
        raise TableError(
            f"{pair.setting}={level} has several runs of seed {twice.iloc[0]} in one cell; add the"
            " setting in which they differ to --rows or --columns, or select one with --where"
        )
    return runs.set_index(SEED)


def _status(both: set[object]) -> str:
    if both == {"finished"}:
        return "finished"
    return "failed" if both & set(FAILED) else "missing"
