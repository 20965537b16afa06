"""Finite groups, symmetries of a task, and their orbits (numpy only)."""

from grokrfm.algebra.actions import generated_group, is_transitive
from grokrfm.algebra.cayley_table import table
from grokrfm.algebra.characters import irreducibility, irreducible_characters
from grokrfm.algebra.classes import conjugacy_classes, element_orders
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
from grokrfm.algebra.representations import smallest_rotation_dimension
from grokrfm.algebra.symmetry import Symmetry

__all__ = [
    "MOST_ELEMENTS",
    "Element",
    "Group",
    "Symmetry",
    "alternating",
    "conjugacy_classes",
    "cyclic",
    "dihedral",
    "element_orders",
    "fixed_points",
    "generated_group",
    "generated_subgroup",
    "generator",
    "irreducibility",
    "irreducible_characters",
    "is_prime",
    "is_transitive",
    "logarithms",
    "orbits",
    "permutations",
    "product",
    "quaternion",
    "smallest_rotation_dimension",
    "symmetric",
    "table",
    "units",
]
