"""Tasks: the operations of the papers, and the product of any group."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from grokrfm.algebra import MOST_ELEMENTS, Group, Symmetry, cyclic, is_prime, product, units
from grokrfm.checks import SettingError, boolean, integer
from grokrfm.tasks.family import Family, IntArray, coordinate_symmetry
from grokrfm.tasks.task import Task
from grokrfm.tasks.twisted_product import twisted_product


def addition(modulus: int) -> Task:
    """a + b mod `modulus`."""
    return twisted_product(f"addition mod {modulus}", residues(modulus))


def subtraction(modulus: int) -> Task:
    """a − b mod `modulus`."""
    group = residues(modulus)
    return twisted_product(f"subtraction mod {modulus}", group, group.inverses)


def multiplication(modulus: int, allow_composite: bool) -> Task:
    """a·b over the units mod `modulus` (0 is excluded)."""
    group = _units(modulus, allow_composite, "multiplication")
    return twisted_product(f"multiplication mod {modulus}", group)


def division(modulus: int, allow_composite: bool) -> Task:
    """a·b⁻¹ over the units mod `modulus` (0 is excluded)."""
    group = _units(modulus, allow_composite, "division")
    return twisted_product(f"division mod {modulus}", group, group.inverses)


def abelian(sizes: list[int]) -> Task:
    """Componentwise addition in the product of cyclic groups of the given sizes."""
    group = product(sizes)
    if group.order < 2:
        raise SettingError("sizes", f"must describe a group of at least 2 elements, got {sizes!r}")
    return twisted_product(f"addition in {group.name}", group)


def cayley(group: Group) -> Task:
    """a·b in any group."""
    return twisted_product(f"a·b in {group.name}", group)


def multiplication_with_zero(modulus: int) -> Task:
    """a·b mod `modulus` with 0 among the operands; k, g and h below are units.

    rotation k          r^k: (a, b) → (a·k, b·k⁻¹)
    reflection k        sr^k: (a, b) → (b·k⁻¹, a·k), which fixes the pairs (a, a·k)
    translation g, h    (a, b) → (a·g, b·h), which maps every label c to c·g·h

    Source: the multiplication of arXiv:2407.20199.
    """
    group = residues(modulus)
    everything = np.arange(modulus)
    inverse = {u: pow(u, -1, modulus) for u in range(modulus) if math.gcd(u, modulus) == 1}

    def scaled(k: int) -> IntArray:
        return everything * k % modulus

    def rotation(k: int) -> Symmetry:
        return coordinate_symmetry(f"r^{k}", scaled(k), scaled(inverse[k]), everything)

    def reflection(k: int) -> Symmetry:
        return coordinate_symmetry(
            f"sr^{k}", scaled(k), scaled(inverse[k]), everything, exchanged=True
        )

    def translation(g: int, h: int) -> Symmetry:
        return coordinate_symmetry(f"t^({g},{h})", scaled(g), scaled(h), scaled(g * h))

    def choices(arity: int) -> IntArray:
        return np.stack(np.meshgrid(*[list(inverse)] * arity, indexing="ij")).reshape(arity, -1).T

    families = {
        "rotation": Family(True, rotation, lambda: choices(1)),
        "reflection": Family(True, reflection, lambda: choices(1)),
        "translation": Family(False, translation, lambda: choices(2)),
    }
    title = f"multiplication mod {modulus} with 0"
    labels = np.outer(everything, everything).flatten() % modulus
    return Task(title, group, labels, modulus, families)


def division_if_odd(modulus: int) -> Task:
    """a·b⁻¹ mod a prime if b is odd, a − b if it is even; 1 … modulus − 1 are the operands.

    Source: the list of arXiv:2201.02177 (where a = 0 is an operand too); no symmetry is claimed.
    """
    group = _units(modulus, False, "division")
    a, b = np.ix_(np.array(group.elements), np.array(group.elements))
    quotients = a * np.array(group.elements)[group.inverses] % modulus
    labels = np.where(b % 2 == 1, quotients, (a - b) % modulus).flatten()
    return Task(f"a/b or a-b mod {modulus}", group, labels, modulus, {})


def residues(modulus: Any) -> Group:
    """Group of the operands 0 … modulus − 1, of which there are at least two."""
    return cyclic(integer("modulus", modulus, minimum=2, maximum=MOST_ELEMENTS))


def _units(modulus: Any, allow_composite: Any, operation: str) -> Group:
    composite_meant = boolean("allow_composite", allow_composite)
    group = units(integer("modulus", modulus, minimum=3, maximum=MOST_ELEMENTS))
    if not (is_prime(modulus) or composite_meant):
        raise SettingError(
            "modulus",
            f"{modulus} is not prime; {operation} uses the {group.order} units mod {modulus}"
            " -- set task.allow_composite=true to mean that",
        )
    return group
