"""Grid of a table: its heads in words, and its cells in rows and columns, as strings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.collect.columns import grouped
from grokrfm.collect.intervals import symmetric
from grokrfm.collect.layout import Value
from grokrfm.collect.tables import DETERMINISTIC, ENDS, Table
from grokrfm.collect.words import level, reached, words
from grokrfm.text import printable

LONGEST = 60  # characters of a level; longer ones are cut in the middle
EMPTY = "–"


@dataclass(frozen=True)
class Head:
    """Head of a column of values: the words of the value, and a level of every setting."""

    value: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """Cell of a table.

    Parameters
    ----------
    estimate    number or text
    rest        interval behind the number, or empty
    count       number of runs, or empty
    is_number   True if the estimate is a number
    """

    estimate: str = EMPTY
    rest: str = ""
    count: str = ""
    is_number: bool = False

    def __str__(self) -> str:
        return " ".join(part for part in (self.estimate, self.rest, self.count) if part)


@dataclass(frozen=True)
class Grid:
    """Strings of a table, printable and not yet in the notation of a format.

    Parameters
    ----------
    rows      words of the settings that make the rows
    columns   words of the settings that make the columns
    heads     one per column of values
    lines     levels of the rows and cells, for every line
    """

    rows: list[str]
    columns: list[str]
    heads: list[Head]
    lines: list[tuple[list[str], list[Cell]]]

    @property
    def head(self) -> list[str]:
        """Heads of all columns, each on one line: test accuracy, kernel=gaussian."""
        flat = []
        for head in self.heads:
            pairs = zip(self.columns, head.levels, strict=True)
            flat.append(", ".join([head.value, *(f"{name}={one}" for name, one in pairs)]))
        return [*self.rows, *flat]

    @property
    def texts(self) -> list[list[str]]:
        """Lines as strings."""
        return [[*levels, *map(str, cells)] for levels, cells in self.lines]


def grid(table: Table) -> Grid:
    """Lay a table out: one line per level of the rows, one column per value and level of columns.

    A combination without runs is written –.
    """
    rows, columns = list(table.layout.rows), list(table.layout.columns)
    lines: dict[Any, tuple[list[str], dict[Any, Cell]]] = {}
    for cell in table.cells.to_dict("records"):
        line = lines.setdefault(
            tuple(_key(cell[name]) for name in rows),
            ([in_words(name, cell[name]) for name in rows], {}),
        )
        of = tuple(_key(cell[name]) for name in columns)
        for value in table.values:
            line[1][value.label, of] = _cell(cell, value, table)
    heads: dict[Any, Head] = {}
    for levels, _ in grouped(table.cells, columns):
        written = tuple(map(in_words, columns, levels))
        for value in table.values:
            heads[value.label, tuple(map(_key, levels))] = Head(_named(value, table), written)
    return Grid(
        [printable(words(name)) for name in rows],
        [printable(words(name)) for name in columns],
        list(heads.values()),
        [(levels, [cells.get(head, Cell()) for head in heads]) for levels, cells in lines.values()],
    )


def in_words(column: str, value: Any) -> str:
    """Level of a column as a table writes it."""
    return shown(level(column, value))


def shown(value: Any) -> str:
    """Level of a setting as tables and figures write it: on one line, shortened if long."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas stores integers with missing values as floats
    text = EMPTY if pd.isna(value) else printable(str(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 21]}…{text[-20:]}"


def _named(value: Value, table: Table) -> str:
    """Words of a value, with its statistic if that was asked for by name."""
    named, of = words(value.column), value.statistic.name.partition("=")[2]
    if of:
        relation = of if value.statistic.of_texts else f"≥ {of}"
        named = f"share of runs with {named} {relation}"
    elif value.label != value.column:
        named = f"{named}, {value.statistic.name}"
    return printable(named + (" (%)" if table.writing.in_percent(value) else ""))


def _key(level: Any) -> Any:
    """Hashable key of a level, equal for missing ones."""
    plain = level.item() if isinstance(level, np.generic) else level
    return None if pd.isna(level) else (type(plain).__name__, plain)


def _cell(cell: Mapping[Any, Any], value: Value, table: Table) -> Cell:
    """Estimate and its n: `(n=3)`, or `(n=2 of 3: 1 failed)` if some runs do not count."""
    n, planned = cell[f"{value.label}_n"], cell["planned"]
    why = [f"{cell[status]} {status}" for status in ("failed", "missing") if cell[status]]
    reasons = f": {', '.join(why)}" if why else ""
    count = f"(n={n})" if n == planned else f"(n={n} of {planned}{reasons})"
    if n and cell.get(DETERMINISTIC) is True:
        count = "(deterministic)"
    elif value.statistic.is_time and n == planned:
        count = ""  # it is in "2 of 3 grokked"
    count = count if table.writing.counts else ""
    if not n:
        return Cell(count=count)
    estimate, rest, is_number = _estimate(cell, value, table)
    return Cell(estimate, rest, count, is_number)


def _estimate(cell: Mapping[Any, Any], value: Value, table: Table) -> tuple[str, str, bool]:
    """Return the estimate, the interval behind it, and True if the estimate is a number."""
    statistic, label = value.statistic, value.label
    if statistic.of_texts and isinstance(cell[label], str):
        return printable(cell[label]), "", False
    if statistic.is_time:
        return _time(cell, value, table), "", False
    template = statistic.text
    if statistic.text_skew and not symmetric(*(cell[f"{label}{end}"] for end in ENDS)):
        template = statistic.text_skew
    names = re.findall(r"{(\w*)}", template)
    if any(math.isnan(cell[f"{label}_{name}" if name else label]) for name in names):
        template = statistic.text_alone
    first, rest = re.fullmatch(r"{(\w*)}(.*)", template).groups()  # type: ignore[union-attr]

    def written(name: str) -> str:
        return table.writing.number(cell[f"{label}_{name}" if name else label], value)

    interval = re.sub(r"{(\w*)}", lambda one: written(one[1]), rest).strip()
    return written(first), interval, True


def _time(cell: Mapping[Any, Any], value: Value, table: Table) -> str:
    """Median time if half of the runs reached it, and how many did: 12.0; 2 of 3 grokked."""
    n = cell[f"{value.label}_n"]
    count = f"{round(cell[f'{value.label}_reached'] * n)} of {n} {reached(value.column)}"
    median = cell[value.label]
    if math.isinf(median):
        return count
    whole = table.writing.digits is None and float(median).is_integer()
    return f"{int(median) if whole else table.writing.number(median, value)}; {count}"
