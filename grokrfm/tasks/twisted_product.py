"""Tasks a·φ(b) over a group, and their symmetries."""

from __future__ import annotations

import numpy as np

from grokrfm.algebra import Group, Symmetry
from grokrfm.tasks.family import Family, IntArray, coordinate_symmetry, every
from grokrfm.tasks.task import Task


def twisted_product(title: str, group: Group, phi: IntArray | None = None) -> Task:
    """Task f(a, b) = a·φ(b) over a group.

    rotation k          r^k: (a, b) → (a·k, φ⁻¹(k⁻¹·φ(b)))
    reflection k        sr^k: (a, b) → (φ(b)·k⁻¹, φ⁻¹(a·k)); in Abelian groups only
    translation g, h    (a, b) → (g·a, φ⁻¹(φ(b)·h)), which maps every label c to g·c·h
    inversion           (a, b) → (φ(b)⁻¹, φ⁻¹(a⁻¹)), which maps every label c to c⁻¹

    Parameters
    ----------
    phi : (n,) int   a permutation of the group with φ(φ(b)) = b: the identity (None) for + and ×,
                     the inverse for − and ÷

    Source: arXiv:2604.00316, section 3; one formula for its table of symmetries.
    """
    n, product, inverse = group.order, group.table, group.inverses
    everything = np.arange(n)
    phi = everything if phi is None else phi
    names = group.elements

    def rotation(k: int) -> Symmetry:
        return coordinate_symmetry(
            f"r^{names[k]}", product[:, k], phi[product[inverse[k], phi]], everything
        )

    def reflection(k: int) -> Symmetry:
        first, second = phi[product[:, k]], product[phi, inverse[k]]
        return coordinate_symmetry(f"sr^{names[k]}", first, second, everything, exchanged=True)

    def translation(g: int, h: int) -> Symmetry:
        name = f"t^({names[g]},{names[h]})"
        return coordinate_symmetry(
            name, product[g], phi[product[phi, h]], product[g, product[:, h]]
        )

    def inversion() -> Symmetry:
        return coordinate_symmetry("i", phi[inverse], inverse[phi], inverse, exchanged=True)

    families = {
        "rotation": Family(True, rotation, every(n, 1)),
        "reflection": Family(True, reflection, every(n, 1)),
        "translation": Family(False, translation, every(n, 2)),
        "inversion": Family(False, inversion, every(n, 0)),
    }
    if not group.is_abelian:
        del families["reflection"]
    labels = product[:, phi].flatten()
    return Task(title, group, labels, n, families, phi)
