"""Splits of a task's table into training and test rows (numpy only)."""

from grokrfm.checks import accept_options
from grokrfm.splits.audit import Audit, audit
from grokrfm.splits.differences import Differences
from grokrfm.splits.everything import Everything
from grokrfm.splits.fixed_points import FixedPoints
from grokrfm.splits.listed import Listed
from grokrfm.splits.moved import Moved
from grokrfm.splits.noisy import Noisy
from grokrfm.splits.orbits import Orbits
from grokrfm.splits.partners import Partners
from grokrfm.splits.split import Split, Splitter
from grokrfm.splits.symbols import Symbols
from grokrfm.splits.translations import translations
from grokrfm.splits.uniform import Uniform

__all__ = [
    "Audit",
    "Differences",
    "Everything",
    "FixedPoints",
    "Listed",
    "Moved",
    "Noisy",
    "Orbits",
    "Partners",
    "Split",
    "Splitter",
    "Symbols",
    "Uniform",
    "audit",
    "translations",
]

accept_options(globals(), __all__)
