"""Finite groups, symmetries of a task, and their orbits (numpy only)."""

from grokrfm.algebra.groups import Element, Group, cyclic, is_prime, product, units
from grokrfm.algebra.logarithm import generator, logarithms
from grokrfm.algebra.orbits import fixed_points, generated_subgroup, orbits
from grokrfm.algebra.symmetry import Symmetry

__all__ = [
    "Element",
    "Group",
    "Symmetry",
    "cyclic",
    "fixed_points",
    "generated_subgroup",
    "generator",
    "is_prime",
    "logarithms",
    "orbits",
    "product",
    "units",
]
