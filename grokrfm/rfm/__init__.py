"""Recursive Feature Machine: ridge solve, AGOP, and the loop between them (torch)."""

from grokrfm.checks import accept_options
from grokrfm.rfm.engine import RFM
from grokrfm.rfm.examples import Examples
from grokrfm.rfm.start import (
    EncodesReflection,
    GivenStart,
    Identity,
    MinusReflection,
    Perturbed,
    RandomCirculant,
    Reflection,
    Start,
    Stored,
)
from grokrfm.rfm.step import State, Step
from grokrfm.rfm.symmetric import RowOrbits, SymmetricRFM

__all__ = [
    "RFM",
    "EncodesReflection",
    "Examples",
    "GivenStart",
    "Identity",
    "MinusReflection",
    "Perturbed",
    "RandomCirculant",
    "Reflection",
    "RowOrbits",
    "Start",
    "State",
    "Step",
    "Stored",
    "SymmetricRFM",
]

accept_options(globals(), __all__)
