"""Table for programs, as comma-separated values."""

from __future__ import annotations

import pandas as pd

from grokrfm.collect.tables import Table


def csv(table: Table) -> str:
    """Table with one row per cell: numbers in full precision, counts and provenance in columns."""
    return tidy(table).to_csv(index=False, lineterminator="\n")


def tidy(table: Table) -> pd.DataFrame:
    """Cells of a table, each followed by the provenance of the table."""
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
    return table.cells.assign(**{k: v for k, v in provenance.items() if v and k not in taken})
