"""The operations of the papers as tasks."""

from __future__ import annotations

from typing import Any

import numpy as np

from grokrfm.algebra import Group, cyclic, is_prime, product, units
from grokrfm.algebra.groups import checked_sizes
from grokrfm.checks import SettingError, boolean, integer
from grokrfm.tasks.task import Task


def addition(modulus: int) -> Task:
    """a + b mod `modulus`."""
    return _times(f"addition mod {modulus}", _residues(modulus))


def subtraction(modulus: int) -> Task:
    """a − b mod `modulus`."""
    return _over(f"subtraction mod {modulus}", _residues(modulus))


def multiplication(modulus: int, allow_composite: bool) -> Task:
    """a·b over the units mod `modulus` (0 is left out)."""
    return _times(
        f"multiplication mod {modulus}", _units(modulus, allow_composite, "multiplication")
    )


def division(modulus: int, allow_composite: bool) -> Task:
    """a·b⁻¹ over the units mod `modulus` (0 is left out)."""
    return _over(f"division mod {modulus}", _units(modulus, allow_composite, "division"))


def abelian(sizes: list[int]) -> Task:
    """Componentwise addition in the product of cyclic groups of the given sizes."""
    group = product(checked_sizes("sizes", sizes))
    return _times(f"addition in {group.name}", group)


def _times(title: str, group: Group) -> Task:
    return Task(title, group, np.arange(group.order))


def _over(title: str, group: Group) -> Task:
    return Task(title, group, group.inverses)


def _residues(modulus: Any) -> Group:
    return cyclic(integer("modulus", modulus, minimum=2))


def _units(modulus: Any, allow_composite: Any, operation: str) -> Group:
    composite_meant = boolean("allow_composite", allow_composite)
    group = units(integer("modulus", modulus, minimum=3))
    if not (is_prime(modulus) or composite_meant):
        raise SettingError(
            "modulus",
            f"{modulus} is not prime; {operation} uses the {group.order} units mod {modulus}"
            " -- set task.allow_composite=true to mean that",
        )
    return group
