"""Table for programs, as a Parquet file (pyarrow)."""

from __future__ import annotations

import importlib.util
import io

import pandas as pd

from grokrfm.collect.formats.csv import tidy
from grokrfm.collect.layout import TableError
from grokrfm.collect.tables import Table


def parquet(table: Table) -> bytes:
    """Columns of the CSV, typed; settings with levels of mixed types as text.

    Raises
    ------
    TableError   if pyarrow is not installed
    """
    return frame_parquet(tidy(table))


def frame_parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame, its columns of mixed types as text.

    Raises
    ------
    TableError   if pyarrow is not installed
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise TableError(
            "parquet needs the package pyarrow; pip install grokrfm[parquet] installs it"
        )
    mixed = frame.select_dtypes("object")
    written = io.BytesIO()
    frame.assign(**mixed.map(str, na_action="ignore")).to_parquet(
        written, engine="pyarrow", index=False
    )
    return written.getvalue()
