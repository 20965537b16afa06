"""Table for programs, as a Parquet file (pyarrow)."""

from __future__ import annotations

import importlib.util
import io

from grokrfm.collect.formats.csv import tidy
from grokrfm.collect.layout import TableError
from grokrfm.collect.tables import Table


def parquet(table: Table) -> bytes:
    """Columns of the CSV, typed; settings with levels of mixed types as text.

    Raises
    ------
    TableError   if pyarrow is not installed
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise TableError("parquet needs the package pyarrow; install it with pip install pyarrow")
    cells = tidy(table)
    for name in cells.columns:
        if cells[name].dtype == "object":
            cells[name] = cells[name].map(str, na_action="ignore")
    written = io.BytesIO()
    cells.to_parquet(written, engine="pyarrow", index=False)
    return written.getvalue()
