"""Starts: feature matrices that a run begins with, one start per file."""

from grokrfm.rfm.start.identity import Identity
from grokrfm.rfm.start.minus_reflection import MinusReflection
from grokrfm.rfm.start.perturbed import Perturbed
from grokrfm.rfm.start.random_circulant import RandomCirculant
from grokrfm.rfm.start.reflection import Reflection
from grokrfm.rfm.start.start import EncodesReflection, GivenStart, Start
from grokrfm.rfm.start.stored import Stored

__all__ = [
    "EncodesReflection",
    "GivenStart",
    "Identity",
    "MinusReflection",
    "Perturbed",
    "RandomCirculant",
    "Reflection",
    "Start",
    "Stored",
]
