"""A table of cells as text: Markdown, CSV or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

Text = Callable[[str], str]


def markdown(
    cells: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], values: Sequence[str]
) -> str:
    """For people: a line per combination of `rows`, a column per value and level of `columns`."""
    laid_out = _laid_out(cells, rows, columns, values, "±", lambda text: text.replace("|", r"\|"))
    return laid_out.to_markdown(index=False, disable_numparse=True) + "\n"


def latex(
    cells: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], values: Sequence[str]
) -> str:
    """The same as a LaTeX tabular, which needs the package booktabs."""
    laid_out = _laid_out(cells, rows, columns, values, r"$\pm$", _latex_escaped)
    return laid_out.to_latex(index=False, escape=False)


def csv(
    cells: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], values: Sequence[str]
) -> str:
    """For programs: a line a cell, means, intervals and counts in columns of their own."""
    return cells.to_csv(index=False)


FORMATS: Mapping[
    str, Callable[[pd.DataFrame, Sequence[str], Sequence[str], Sequence[str]], str]
] = {"markdown": markdown, "csv": csv, "latex": latex}


def _laid_out(
    cells: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[str],
    plus_minus: str,
    text: Text,
) -> pd.DataFrame:
    """Cells as strings, pivoted; `text` escapes what comes from a config."""
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    headers: list[str] = []
    for cell in cells.to_dict("records"):
        level = ", ".join(f"{name}={shown(cell[name])}" for name in columns)
        line = lines.setdefault(tuple(shown(cell[name]) for name in rows), {})
        for value in values:
            header = text(", ".join(part for part in (value, level) if part))
            headers.append(header)
            line[header] = _interval(cell, value, plus_minus)
    order = list(dict.fromkeys(headers))
    table = [
        {
            **{text(name): text(part) for name, part in zip(rows, key, strict=True)},
            **{header: line.get(header, "–") for header in order},
        }
        for key, line in lines.items()
    ]
    return pd.DataFrame(table, columns=[*(text(name) for name in rows), *order])


def _interval(cell: Mapping[Any, Any], value: str, plus_minus: str) -> str:
    """`mean ± half width (n=3)`; no width for one run; `n=2 of 3` where some did not count."""
    n, of = cell[f"{value}_n"], cell["runs"]
    count = f"(n={n})" if n == of else f"(n={n} of {of})"
    if n == 0:
        return f"– {count}"
    half = cell[f"{value}_interval"]
    width = "" if math.isnan(half) else f" {plus_minus} {_number(half)}"
    return f"{_number(cell[value])}{width} {count}"


def _number(x: float) -> str:
    if x == 0 or 1e-3 <= abs(x) < 10:
        return f"{x:.3f}"
    return f"{x:.1f}" if 10 <= abs(x) < 1e5 else f"{x:.2e}"


def shown(value: Any) -> str:
    """A level of a setting, as tables and figures write it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of integers with gaps is one of floats to pandas
    return "–" if pd.isna(value) else " ".join(str(value).split("\n"))


def _latex_escaped(text: str) -> str:
    special = {c: f"\\{c}" for c in "&%$#_{}"} | {"|": r"\textbar{}"}
    special |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(special.get(c, c) for c in text)
