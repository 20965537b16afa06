"""A table for programs, as comma-separated values."""

from __future__ import annotations

import pandas as pd

from grokrfm.collect.tables import Table


def csv(table: Table) -> str:
    """A line a cell: every number in full precision, counts and provenance in columns."""
    return tidy(table).to_csv(index=False, lineterminator="\n")


def tidy(table: Table) -> pd.DataFrame:
    """The cells with the provenance of the table at the end of each."""
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
