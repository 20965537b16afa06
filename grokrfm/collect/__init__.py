"""Data frames, tables and figures of the records of studies (pandas; never torch)."""

from grokrfm.collect.columns import constant, varying
from grokrfm.collect.formatted import formatted
from grokrfm.collect.frames import conflicts, features, runs
from grokrfm.collect.observations import steps
from grokrfm.collect.plotting import plot
from grokrfm.collect.tables import table
from grokrfm.collect.writing import Writing

__all__ = [
    "Writing",
    "conflicts",
    "constant",
    "features",
    "formatted",
    "plot",
    "runs",
    "steps",
    "table",
    "varying",
]
