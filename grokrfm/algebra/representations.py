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
    alone = characters[indicators == 1].real
    twice = 2 * characters[indicators == -1].real
    pairs = 2 * characters[indicators == 0]
    kept: list[FloatArray] = []
    for pair in pairs.real:  # χ and its conjugate have the same real part
        if not any(np.allclose(pair, other, atol=1e-6) for other in kept):
            kept.append(pair)
    return np.concatenate([alone, twice, np.array(kept).reshape(-1, group.order)])


def determinants(group: Group, real_characters: FloatArray) -> NDArray[np.int64]:
    """(k, n) determinant ±1 of each element in real representations, given their characters.

    It is −1 to the multiplicity of the eigenvalue −1, as other eigenvalues come in conjugate pairs.
    That multiplicity is the mean of (−1)^j χ(g^j) over j = 1 … m, for a multiple m of the order.
    """
    exponent = 2 * int(np.lcm.reduce(element_orders(group)))
    multiplicity = np.zeros_like(real_characters)
    power = np.full(group.order, group.identity)
    for j in range(exponent):
        multiplicity += (-1) ** j * real_characters[:, power] / exponent
        power = group.table[power, np.arange(group.order)]
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
    """Smallest dimension of a faithful sum of irreducible representations of determinant 1."""
    classes = np.unique(conjugacy_classes(group), return_index=True)[1]
    characters = real_irreducible_characters(group)
    degrees = characters[:, group.identity].round().astype(int)
    kernels = np.abs(characters - degrees[:, None]) < 1e-6
    reversing = determinants(group, characters) < 0
    return _cheapest(
        degrees.tolist(),
        [_bits(members) for members in kernels[:, classes]],
        [_bits(members) for members in reversing[:, classes]],
    )


def _cheapest(degrees: list[int], kernels: list[int], reversing: list[int]) -> int:
    """Smallest sum of degrees whose kernels meet in e alone and whose determinants multiply to 1.

    Kernels, and the elements of determinant −1, are sets of classes as bits. Sums are visited in
    the order of their degrees (Dijkstra).
    """
    identity = kernels[0]
    for kernel in kernels:
        identity &= kernel
    cheapest: dict[tuple[int, int], int] = {}
    for degree, *kind in sorted(zip(degrees, kernels, reversing, strict=True)):
        cheapest.setdefault((kind[0], kind[1]), degree)
    queue = [(0, -1, 0)]  # of nothing, the kernel is all bits
    visited = set()
    while True:
        total, kernel, reverse = heapq.heappop(queue)
        if kernel == identity and not reverse:
            return total
        if (kernel, reverse) in visited:
            continue
        visited.add((kernel, reverse))
        for (other, reversed_by), degree in cheapest.items():
            heapq.heappush(queue, (total + degree, kernel & other, reverse ^ reversed_by))


def _bits(members: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(members).tobytes(), "big")
