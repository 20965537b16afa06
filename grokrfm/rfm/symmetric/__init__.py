"""RFM of a training set that translations map onto itself, solved on one row of every orbit."""

from grokrfm.rfm.symmetric.engine import SymmetricRFM
from grokrfm.rfm.symmetric.orbits import RowOrbits

__all__ = ["RowOrbits", "SymmetricRFM"]
