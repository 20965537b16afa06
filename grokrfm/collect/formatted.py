"""Table as grokrfm-collect prints it, for Python and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from grokrfm.checks import choice
from grokrfm.collect.formats import FORMATS, html, terminal
from grokrfm.collect.layout import Layout
from grokrfm.collect.tables import Table, build
from grokrfm.collect.writing import USUAL, Writing


@dataclass(frozen=True, eq=False)
class Formatted:
    """Table that shows itself: as HTML in a notebook, as text elsewhere."""

    table: Table

    def __repr__(self) -> str:
        return terminal(self.table)

    def _repr_html_(self) -> str:
        return html(self.table)

    def text(self, format: str) -> str:
        """Return it in a format of grokrfm-collect, such as latex."""
        return FORMATS[choice("format", format, FORMATS)](self.table)


def formatted(
    runs: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str] = (),
    values: Sequence[str] = (),
    writing: Writing = USUAL,
    **more: Any,
) -> Formatted:
    """Return the table of `collect.table` with its numbers as text, and with its caption.

    Parameters
    ----------
    runs, rows, columns, values, more   as for `collect.table`; without values, the objective
    writing                             notation, such as collect.Writing(percent=True, digits=1)

    Raises
    ------
    TableError   as `collect.table`
    """
    return Formatted(build(runs, Layout(rows, columns, values, **more), writing))
