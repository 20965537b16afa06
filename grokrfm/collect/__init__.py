"""From the records of studies to data frames, tables and figures (pandas; never torch)."""

from grokrfm.collect.frames import features, runs, steps
from grokrfm.collect.tables import table

__all__ = ["features", "runs", "steps", "table"]
