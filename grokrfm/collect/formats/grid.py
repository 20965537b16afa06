"""Grid of a table: its cells in rows and columns, as strings in the notation of a format."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from grokrfm.collect.intervals import symmetric
from grokrfm.collect.layout import Value
from grokrfm.collect.tables import DETERMINISTIC, ENDS, Table
from grokrfm.text import printable

LONGEST = 60  # characters of a level; longer ones are cut in the middle
EMPTY = "–"


@dataclass(frozen=True)
class Notation:
    """Functions by which a format writes text, which may hold any character, and numbers."""

    text: Callable[[str], str]
    number: Callable[[str], str]


@dataclass(frozen=True)
class Grid:
    """Strings in the notation of a format.

    Parameters
    ----------
    settings : int   number of leading columns that are settings; the others are values
    head             one string per column
    lines            one string per column, for every row
    """

    settings: int
    head: list[str]
    lines: list[list[str]]


PLAIN = Notation(text=str, number=str)


def grid(table: Table, notation: Notation = PLAIN) -> Grid:
    """Lay a table out: one line per level of the rows, one column per value and level of columns.

    A combination without runs is written –.
    """
    rows, columns = table.layout.rows, table.layout.columns

    def text(written: str) -> str:
        return notation.text(printable(written))

    lines: dict[tuple[Any, ...], dict[tuple[Any, ...], str]] = {}
    heads: dict[tuple[Any, ...], str] = {}
    for cell in table.cells.to_dict("records"):
        line = lines.setdefault(tuple(_key(cell[name]) for name in rows), {})
        for name in rows:
            line.setdefault(("row", name), text(shown(cell[name])))
        level = tuple(_key(cell[name]) for name in columns)
        named = [f"{name}={shown(cell[name])}" for name in columns]
        for value in table.values:
            heads.setdefault((value.label, level), text(", ".join([value.label, *named])))
            line[value.label, level] = _cell(cell, value, notation)
    return Grid(
        settings=len(rows),
        head=[*(text(name) for name in rows), *heads.values()],
        lines=[
            [
                *(line["row", name] for name in rows),
                *(line.get(head, text(EMPTY)) for head in heads),
            ]
            for line in lines.values()
        ],
    )


def shown(value: Any) -> str:
    """Level of a setting as tables and figures write it: on one line, shortened if long."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas stores integers with missing values as floats
    text = EMPTY if pd.isna(value) else printable(str(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 21]}…{text[-20:]}"


def number(x: float) -> str:
    """Number with about three significant figures."""
    if math.isinf(x):
        return "not reached"
    if x == 0 or 1e-3 <= abs(x) < 10:
        return f"{x:.3f}"
    return f"{x:.1f}" if 10 <= abs(x) < 1e5 else f"{x:.2e}"


def _key(level: Any) -> Any:
    """Hashable key of a level, equal for missing ones."""
    return None if pd.isna(level) else (type(level).__name__, level)


def _cell(cell: Mapping[Any, Any], value: Value, notation: Notation) -> str:
    """Estimate and its n: `(n=3)`, or `(n=2 of 3: 1 failed)` if some runs do not count."""
    n, planned = cell[f"{value.label}_n"], cell["planned"]
    why = [f"{cell[status]} {status}" for status in ("failed", "missing") if cell[status]]
    reasons = f": {', '.join(why)}" if why else ""
    written = f"(n={n})" if n == planned else f"(n={n} of {planned}{reasons})"
    count = notation.text("(deterministic)" if n and cell.get(DETERMINISTIC) is True else written)
    return f"{_estimate(cell, value, notation) if n else notation.text(EMPTY)} {count}"


def _estimate(cell: Mapping[Any, Any], value: Value, notation: Notation) -> str:
    statistic, label = value.statistic, value.label
    template = statistic.text
    if statistic.text_skew and not symmetric(*(cell[f"{label}{end}"] for end in ENDS)):
        template = statistic.text_skew
    names = re.findall(r"{(\w*)}", template)
    numbers = {name: cell[f"{label}_{name}" if name else label] for name in names}
    if statistic.of_texts and isinstance(cell[label], str):
        return notation.text(printable(cell[label]))
    alone = any(math.isnan(x) for x in numbers.values())
    parts = re.split(r"{(\w*)}", statistic.text_alone if alone else template)
    written = [notation.text(parts[0])]
    for name, between in zip(parts[1::2], parts[2::2], strict=True):
        one = number(numbers[name] if name in numbers else cell[label])
        written += [notation.number(one) if one[-1].isdigit() else notation.text(one)]
        written += [notation.text(between)]
    return "".join(written)
