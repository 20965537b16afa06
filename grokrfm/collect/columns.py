"""Columns of a frame of runs: types, varying and constant columns, scientific settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

# Attributes of a frame of runs, from the names that its records carry (grokrfm.runs.record.Names).
SETTINGS = "settings"  # columns of settings
SCIENTIFIC = "scientific"  # those of them that determine the result, except the seed
LEADING = "leading"  # numbers to show first
OBJECTIVE = "objective"  # the number to show if none is asked for
SHORT = "short"  # short name → dotted name, of the columns that stand under both

# Words in the names of numbers that are shares, of points or of runs, from 0 to 1.
SHARES = ("accuracy", "undecided", "precision", "recall", "agreement", "is_held_out")

# Groups of settings that change no result, in frames without those attributes.
PLUMBING_GROUPS = ("hardware", "tracker", "study", "save")

# Statuses of runs that ended without a result; other unfinished runs have not ended yet.
FAILED = ("failed", "crashed")


def typed(values: Sequence[Any]) -> Any:
    """Convert values, with None for missing ones, to an array of the narrowest common type.

    Integers stay integers and booleans stay booleans if some are missing.
    """
    kinds = {type(value) for value in values if value is not None}
    missing = None in values if len(kinds) < 3 else False
    if kinds == {bool}:
        return pd.array(values, dtype="boolean" if missing else "bool")
    if kinds == {int}:
        try:
            return pd.array(values, dtype="Int64" if missing else "int64")
        except OverflowError:
            return pd.Series(values, dtype="object")
    if kinds and kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="str" if kinds == {str} and not missing else "object")


def is_text(column: pd.Series) -> bool:
    """True if all values are texts; some may be missing."""
    return pd.api.types.infer_dtype(column, skipna=True) == "string"


def names(frame: pd.DataFrame) -> list[str]:
    """Names of the columns."""
    return [str(name) for name in frame.columns]


def long_names(frame: pd.DataFrame) -> list[str]:
    """Names of the columns, without the short names of settings beside their dotted ones."""
    short = frame.attrs.get(SHORT, {})
    return [name for name in names(frame) if short.get(name) not in frame]


def long_name(frame: pd.DataFrame, name: str) -> str:
    """Dotted name of a setting that is given by its short one; another name as it is."""
    dotted = frame.attrs.get(SHORT, {}).get(name, name)
    return str(dotted) if dotted in frame else name


def lengthened(frame: pd.DataFrame) -> pd.DataFrame:
    """Frame with the dotted columns of all settings in it; a list is its JSON text there."""
    short = {name: full for name, full in frame.attrs.get(SHORT, {}).items() if name in frame}
    missing = {full: frame[name] for name, full in short.items() if full not in frame}
    return frame.assign(**{full: column.map(as_text) for full, column in missing.items()})


def as_text(value: Any) -> Any:
    """Setting as a column holds it: a list as its JSON text."""
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def varying(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that differ between rows."""
    return frame[[name for name in long_names(frame) if frame[name].nunique(dropna=False) > 1]]


def constant(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns that are equal in all rows: name → value."""
    same = [name for name in long_names(frame) if frame[name].nunique(dropna=False) == 1]
    return {name: frame[name].iloc[0] for name in same}


def scientific(frame: pd.DataFrame) -> list[str]:
    """Columns that determine the result, except the seed."""
    marked = frame.attrs.get(SCIENTIFIC)
    if marked is None:
        marked = [n for n in names(frame) if "." in n and n.split(".")[0] not in PLUMBING_GROUPS]
    found = [name for name in names(frame) if name in set(marked)]
    return found + [name for name in ("device", "schema") if name in frame]


def settings(frame: pd.DataFrame) -> list[str]:
    """Columns of settings."""
    marked = frame.attrs.get(SETTINGS)
    return [n for n in names(frame) if (n in marked if marked is not None else "." in n)]


def leading(frame: pd.DataFrame) -> list[str]:
    """Numbers to show first: the objective, times, and others that some run has."""
    objective = frame.attrs.get(OBJECTIVE)
    return [
        name
        for name in frame.attrs.get(LEADING, ())
        if name == objective or is_time(name) or frame[name].notna().any()
    ]


def is_share(number: str) -> bool:
    """True if a measured column is a share of points, judged by its name."""
    return any(word in number for word in SHARES)


def is_time(number: str) -> bool:
    """True for a number that says when something was reached; missing: not reached."""
    return number.endswith("_iteration")


def measured(time: str) -> str:
    """Name of the column that tells which runs measured a time; absent if all did."""
    return f"{time}_measured"


def levels(frame: pd.DataFrame, name: str) -> pd.Series:
    """Column in the form in which levels are compared: cuda:0 and cuda:1 are both cuda."""
    column = frame[name]
    if name != "device":
        return column
    return column.map(lambda device: str(device).partition(":")[0], na_action="ignore")


def cell_numbers(frame: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Number of the combination of levels that every row has, from 0 to how many occur."""
    numbers = np.zeros(len(frame), dtype="int64")
    for name in by:
        codes, met = pd.factorize(frame[name], use_na_sentinel=False)
        numbers = pd.factorize(numbers * len(met) + codes)[0]
    return numbers


def combinations(frame: pd.DataFrame, by: Sequence[str]) -> int:
    """Number of combinations of levels that occur."""
    return int(cell_numbers(frame, by).max(initial=-1)) + 1


def grouped(
    frame: pd.DataFrame, by: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield the rows of every combination of levels that occurs, in the order of the levels."""
    if not by:
        yield (), frame
        return
    plain = frame[list(by)].set_axis(range(len(by)), axis="columns")
    for number in plain:  # levels of mixed types are ordered by their text
        if plain[number].dtype == "object":
            order = sorted(plain[number].unique(), key=lambda x: (x is None or x != x, str(x)))
            plain[number] = plain[number].map({x: i for i, x in enumerate(order)}.__getitem__)
    for _, places in plain.groupby(list(plain.columns), dropna=False, sort=True).indices.items():
        group = frame.iloc[places]
        yield tuple(group[name].iloc[0] for name in by), group
