"""Finite groups, symmetries of a task, and their orbits (numpy only)."""

from grokrfm.algebra.cayley_table import table
from grokrfm.algebra.families import (
    MOST_ELEMENTS,
    alternating,
    cyclic,
    dihedral,
    is_prime,
    permutations,
    product,
    quaternion,
    symmetric,
    units,
)
from grokrfm.algebra.groups import Element, Group
from grokrfm.algebra.logarithm import generator, logarithms
from grokrfm.algebra.orbits import fixed_points, generated_subgroup, orbits
from grokrfm.algebra.symmetry import Symmetry

__all__ = [
    "MOST_ELEMENTS",
    "Element",
    "Group",
    "Symmetry",
    "alternating",
    "cyclic",
    "dihedral",
    "fixed_points",
    "generated_subgroup",
    "generator",
    "is_prime",
    "logarithms",
    "orbits",
    "permutations",
    "product",
    "quaternion",
    "symmetric",
    "table",
    "units",
]
