"""Characters of the irreducible representations of a group."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.abelian import abelian_characters
from grokrfm.algebra.classes import conjugacy_classes
from grokrfm.algebra.groups import Group

ComplexArray = NDArray[np.complex128]

ATTEMPTS = 20
"""Most random combinations of class sums to try; one usually separates the characters."""


def irreducible_characters(group: Group) -> ComplexArray:
    """(k, n) characters of the irreducible complex representations, the smallest degrees first.

    The functions that are constant on classes are an algebra under convolution, and the characters
    are the eigenvectors of every operator f → c * f in it. One random c with c(g⁻¹) = conj c(g),
    so that the operator is Hermitian, separates them all. A mixture of two characters is noticed by
    a degree that is no integer.
    """
    if group.is_abelian:
        return abelian_characters(group)
    classes = conjugacy_classes(group)
    sizes = np.bincount(classes)
    for seed in range(ATTEMPTS):
        operator = _convolution(group, classes, np.random.default_rng(seed))
        functions = np.linalg.eigh(operator)[1].T * np.sqrt(group.order / sizes)
        at_identity = functions[:, classes[group.identity]]
        degrees = np.abs(at_identity)
        if np.abs(degrees - np.maximum(degrees.round(), 1)).max() < 1e-9:
            values = functions * (degrees / at_identity)[:, None]
            trivial = np.abs(values - 1).max(axis=1) < 1e-6
            return values[np.lexsort((~trivial, degrees.round()))][:, classes]
    raise ArithmeticError(f"no combination of class sums separates the characters of {group.name}")


def frobenius_schur(group: Group, characters: ComplexArray) -> NDArray[np.int64]:
    """(k,) indicator of irreducible characters: 1 real, 0 complex, −1 quaternionic.

    It is the mean of χ(g²) over the group.
    """
    return characters[:, group.power(2)].mean(axis=1).real.round().astype(np.int64)


def irreducibility(characters: ComplexArray | NDArray[np.float64]) -> float:
    """Mean of |χ|² over a group: 1 exactly if the representation is irreducible over C.

    It is the sum of the squared multiplicities of the irreducible representations contained.
    """
    return float(np.mean(np.abs(characters) ** 2))


def _convolution(
    group: Group, classes: NDArray[np.int64], rng: np.random.Generator
) -> ComplexArray:
    """(k, k) operator f → c * f for a random c, in the basis of normalised classes.

    (c * f)(z) = Σ_x c(x) f(x⁻¹ z); the basis vector of a class C is 1/√|C| on C.
    """
    sizes = np.bincount(classes)
    drawn = rng.normal(size=len(sizes)) + 1j * rng.normal(size=len(sizes))
    c = drawn[classes] + drawn[classes][group.inverses].conj()
    representatives = np.unique(classes, return_index=True)[1]
    rows = [
        np.bincount(of, c.real, len(sizes)) + 1j * np.bincount(of, c.imag, len(sizes))
        for of in classes[group.table[group.inverses][:, representatives]].T
    ]
    return np.array(rows) * np.sqrt(sizes[:, None] / sizes)
