"""Real representations of a group, and the smallest rotations that represent it faithfully."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.abelian import invariant_factors
from grokrfm.algebra.characters import frobenius_schur, irreducible_characters
from grokrfm.algebra.classes import conjugacy_classes, element_orders
from grokrfm.algebra.groups import Group

FloatArray = NDArray[np.float64]


def real_irreducible_characters(group: Group) -> FloatArray:
    """(k, n) characters of the irreducible real representations; the degree is that at e.

    A complex representation of the real type is one of them, every other with its conjugate.
    """
    characters = irreducible_characters(group)
    indicators = frobenius_schur(group, characters)
    first = (np.abs(characters.imag) > 1e-6).argmax(axis=1)  # complex value of a complex one
    one_of_two = characters.imag[np.arange(len(characters)), first] > 0  # χ, or its conjugate
    alone = characters[indicators == 1].real
    doubled = 2 * characters[(indicators == -1) | (indicators == 0) & one_of_two].real
    return np.concatenate([alone, doubled])


def determinants(group: Group, real_characters: FloatArray) -> NDArray[np.int64]:
    """(k, n) determinant ±1 of each element in real representations, given their characters.

    It is −1 to the multiplicity of the eigenvalue −1, as other eigenvalues come in conjugate pairs.
    That multiplicity is the mean of (−1)^j χ(g^j) over j < m, for an even multiple m of the order.
    An odd power has the same determinant, so that m can be a power of 2.
    """
    exponent = int(np.lcm.reduce(element_orders(group)))
    two = exponent & -exponent  # the largest power of 2 that divides it
    base, m = group.power(exponent // two), max(2, two)
    multiplicity = np.zeros_like(real_characters)
    power = np.full(group.order, group.identity)
    for j in range(m):
        multiplicity += (-1) ** j * real_characters[:, power] / m
        power = group.table[power, base]
    return (1 - 2 * (multiplicity.round() % 2)).astype(np.int64)


def smallest_rotation_dimension(group: Group) -> int:
    """Smallest n for which SO(n) has a faithful representation of the group."""
    if group.is_abelian:
        # a plane for each invariant factor above 2, a sign for each other; and one more sign, the
        # product of the others, which makes every determinant 1
        factors = invariant_factors(group)
        signs = factors.count(2)
        return max(1, 2 * (len(factors) - signs) + signs + (signs > 0))
    return _from_characters(group)


def _from_characters(group: Group) -> int:
    """Smallest degree of a faithful sum of irreducible representations of determinant 1.

    Signs are the representations of degree 1. Let K be the common kernel of some chosen ones of
    higher degree, and S that of all signs. If K ∩ S = {e}, then K commutes with everything, since
    its commutators are in both, and is a product of r groups of order 2; so r signs complete a
    faithful sum. Their product can be any sign that is not trivial on K. If the determinant of the
    chosen ones is no such sign, one more sign, the determinant of all others, makes it 1. Nothing
    is cheaper: another representation costs 2 or more and saves one sign.

    The search for the chosen ones goes by a lower bound (A*): central elements of order 2 are ±1 in
    an irreducible representation, so that it halves their number in K at best.
    """
    classes = np.unique(conjugacy_classes(group), return_index=True)[1]
    characters = real_irreducible_characters(group)
    degrees = characters[:, group.identity].round().astype(int).tolist()
    kernels = _bits(np.abs(characters - characters[:, [group.identity]])[:, classes] < 1e-6)
    reversing = _bits(determinants(group, characters)[:, classes] < 0)
    roots = np.isin(classes, group.centre) & (group.power(2)[classes] == group.identity)
    [identity, central] = _bits(np.stack([classes == group.identity, roots]))
    signs = everything = kernels[0]  # that of the trivial representation
    kinds: dict[tuple[int, int], int] = {}
    for degree, kernel, reverse in sorted(zip(degrees, kernels, reversing, strict=True)):
        if degree == 1:
            signs &= kernel
        else:
            kinds.setdefault((kernel, reverse), degree)
    queue = [(0, False, 0, everything, 0)]  # bound, complete, degree, K, determinant −1
    seen = set()
    while True:
        _, complete, total, kernel, reverse = heapq.heappop(queue)
        if complete:
            return total
        if (kernel, reverse) in seen:
            continue
        seen.add((kernel, reverse))
        if kernel & signs == identity:
            rank = kernel.bit_count().bit_length() - 1
            more = not reverse & kernel if rank else reverse != 0
            total += rank + more
            heapq.heappush(queue, (total, True, total, kernel, reverse))
            continue
        for (other, reversed_by), degree in kinds.items():
            if (left := kernel & other) != kernel:
                bound = total + degree + (left & central).bit_count().bit_length() - 1
                heapq.heappush(queue, (bound, False, total + degree, left, reverse ^ reversed_by))


def _bits(rows: NDArray[np.bool_]) -> list[int]:
    """Sets of classes as the bits of integers."""
    return [int.from_bytes(np.packbits(row).tobytes(), "big") for row in rows]
