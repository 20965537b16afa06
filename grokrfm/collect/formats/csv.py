"""Table for programs, as comma-separated values."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from grokrfm.collect.tables import Table
from grokrfm.text import printable

# A text that a spreadsheet would take for a formula, and no number; also with ' in front, so that
# without its first ' a text is what it was.
FORMULA = re.compile(r"'*(?![+-]?[\d.]+(e[+-]?\d+)?$)[=+\-@＝＋－＠]", re.IGNORECASE)


def csv(table: Table) -> str:
    """Table with one row per cell: numbers in full precision, counts and provenance in columns.

    A text that a spreadsheet would take for a formula begins with '.
    """
    return frame_csv(tidy(table))


def frame_csv(frame: pd.DataFrame) -> str:
    """Return a frame of printable texts as CSV."""
    return _each_text(frame, _quoted).to_csv(index=False, lineterminator="\n")


def tidy(table: Table) -> pd.DataFrame:
    """Cells of a table, each followed by the provenance of the table; texts are printable."""
    caption = table.caption
    provenance = {
        "studies": caption.studies,
        "where": table.layout.where,
        "paired": table.layout.paired,
        "seeds": caption.seeds,
        "commits": caption.commits,
        "last_run": caption.last_run,
    }
    taken = set(table.cells.columns)
    more = {k: v for k, v in provenance.items() if v and k not in taken}
    return _each_text(table.cells.assign(**more), printable)


def _each_text(cells: pd.DataFrame, write: Callable[[str], str]) -> pd.DataFrame:
    """Write every text of a frame, names of columns too, in another way."""
    texts = cells.select_dtypes(["object", "str"])
    written = texts.map(lambda cell: write(cell) if isinstance(cell, str) else cell)
    return cells.assign(**written).rename(columns=write)


def _quoted(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text
