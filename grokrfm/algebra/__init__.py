"""Finite groups, their representations and names, symmetries of a task, and orbits (numpy)."""

from grokrfm.algebra.actions import generated_group, is_transitive
from grokrfm.algebra.cayley_table import table
from grokrfm.algebra.characters import irreducibility, irreducible_characters
from grokrfm.algebra.classes import conjugacy_classes, element_orders
from grokrfm.algebra.closure import Closure, closure
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
from grokrfm.algebra.identification import direct_product, group_name
from grokrfm.algebra.isomorphism import covers, homomorphism, isomorphism
from grokrfm.algebra.logarithm import generator, logarithms
from grokrfm.algebra.orbits import fixed_points, generated_subgroup, orbits
from grokrfm.algebra.representations import smallest_rotation_dimension
from grokrfm.algebra.snapping import eigen_angles, finite_orders, snapped
from grokrfm.algebra.symmetry import Symmetry
from grokrfm.checks import accept_options

__all__ = [
    "MOST_ELEMENTS",
    "Closure",
    "Element",
    "Group",
    "Symmetry",
    "alternating",
    "closure",
    "conjugacy_classes",
    "covers",
    "cyclic",
    "dihedral",
    "direct_product",
    "eigen_angles",
    "element_orders",
    "finite_orders",
    "fixed_points",
    "generated_group",
    "generated_subgroup",
    "generator",
    "group_name",
    "homomorphism",
    "irreducibility",
    "irreducible_characters",
    "is_prime",
    "is_transitive",
    "isomorphism",
    "logarithms",
    "orbits",
    "permutations",
    "product",
    "quaternion",
    "smallest_rotation_dimension",
    "snapped",
    "symmetric",
    "table",
    "units",
]

accept_options(globals(), __all__)
