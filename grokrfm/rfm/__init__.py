"""The Recursive Feature Machine: ridge solve, AGOP, and the loop between them (torch)."""

from grokrfm.rfm.engine import RFM, Examples, State, Step
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
    "Start",
    "State",
    "Step",
    "Stored",
]
