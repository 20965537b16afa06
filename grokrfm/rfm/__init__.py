"""The Recursive Feature Machine: ridge solve, AGOP, and the loop between them (torch)."""

from grokrfm.rfm.engine import RFM, Examples, State, Step
from grokrfm.rfm.start import Identity, Reflection, Start, Stored

__all__ = ["RFM", "Examples", "Identity", "Reflection", "Start", "State", "Step", "Stored"]
