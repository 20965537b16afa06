"""The families of groups that a config can name."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.groups import Group
from grokrfm.checks import SettingError, integer

MOST_ELEMENTS = 1000
"""Of a permutation group; its table of operand pairs has the square of that many rows."""


def cyclic(order: int) -> Group:
    """The integers 0 … order − 1 under addition modulo `order`."""
    order = integer("order", order, minimum=1)
    i = np.arange(order)
    return Group(f"Z{order}", tuple(range(order)), (i[:, None] + i) % order)


def product(sizes: Sequence[int]) -> Group:
    """The direct product of cyclic groups; the last coordinate of a list counts fastest."""
    sizes = _sizes(sizes)
    coordinates = np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes))
    sums = (coordinates[:, :, None] + coordinates[:, None, :]) % np.array(sizes)[:, None, None]
    table = np.ravel_multi_index(tuple(sums), sizes).astype(np.int64)
    elements = tuple(tuple(int(v) for v in column) for column in coordinates.T)
    return Group(" x ".join(f"Z{n}" for n in sizes), elements, table)


def units(modulus: int) -> Group:
    """The integers prime to `modulus` under multiplication, in increasing order."""
    modulus = integer("modulus", modulus, minimum=2)
    values = np.array([u for u in range(1, modulus) if math.gcd(u, modulus) == 1])
    table = np.searchsorted(values, values[:, None] * values % modulus)
    return Group(f"the units mod {modulus}", tuple(values.tolist()), table)


def dihedral(n: int) -> Group:
    """The 2n symmetries of the regular n-gon: r0 … r(n−1), then sr0 … sr(n−1), with s r s = r⁻¹."""
    n = integer("n", n, minimum=1)
    flip, turn = np.divmod(np.arange(2 * n), n)
    # s^i r^k · s^j r^l = s^(i+j) r^(±k+l), with the minus sign if j = 1
    flips = flip[:, None] ^ flip
    turns = (turn[:, None] * (1 - 2 * flip) + turn) % n
    elements = tuple(f"{'s' * int(i)}r{k}" for i, k in zip(flip, turn, strict=True))
    return Group(f"D{n}", elements, flips * n + turns)


def symmetric(n: int) -> Group:
    """All permutations of 0 … n − 1 as lists of images; p·q applies q first. n is up to 6."""
    everything = list(itertools.permutations(range(_degree(n))))
    return _permutation_group(f"S{n}", np.array(everything))


def alternating(n: int) -> Group:
    """The even permutations of 0 … n − 1 as lists of images; p·q applies q first. n is up to 6."""
    everything = np.array(list(itertools.permutations(range(_degree(n)))))
    inversions = sum(
        everything[:, i] > everything[:, j] for i, j in itertools.combinations(range(n), 2)
    )
    even = np.broadcast_to(inversions, len(everything)) % 2 == 0
    return _permutation_group(f"A{n}", everything[even])


def quaternion() -> Group:
    """The quaternion group of order 8: 1, -1, i, -i, j, -j, k, -k, with i·j = k."""
    sign, unit = np.arange(8) % 2, np.arange(8) // 2
    # units 0 … 3 are 1, i, j, k: the product has their exclusive or, and a sign where it is not
    # 1 times something or two neighbours in the cycle i → j → k → i
    minus = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1]])
    signs = sign[:, None] ^ sign ^ minus[unit[:, None], unit]
    table = 2 * (unit[:, None] ^ unit) + signs
    return Group("Q8", (1, -1, "i", "-i", "j", "-j", "k", "-k"), table.astype(np.int64))


def permutations(generators: Sequence[Sequence[int]]) -> Group:
    """The group that some permutations generate, each a list of images; p·q applies q first."""
    checked = _generators(generators)
    points = tuple(range(len(checked[0])))
    found = {points: None}  # a dict keeps the order of discovery, the identity first
    frontier = [points]
    while frontier:
        products = [tuple(g[i] for i in p) for p in frontier for g in checked]
        frontier = [p for p in dict.fromkeys(products) if p not in found]
        found |= dict.fromkeys(frontier)
        if len(found) > MOST_ELEMENTS:
            raise SettingError(
                "generators", f"generate more than {MOST_ELEMENTS} permutations; choose fewer"
            )
    if len(found) < 2:
        raise SettingError("generators", "must move something, got the identity alone")
    name = f"⟨{', '.join(str(list(g)) for g in checked)}⟩"
    return _permutation_group(name, np.array(sorted(found)))


def _permutation_group(name: str, images: NDArray[np.int64]) -> Group:
    """A group of permutations, given as its rows of images in lexicographic order."""
    degree = images.shape[1]
    radix = degree ** np.arange(degree)[::-1]
    codes = images @ radix  # increasing, as the rows are
    table = np.empty((len(images), len(images)), dtype=np.int64)
    for i, p in enumerate(images):
        table[i] = np.searchsorted(codes, p[images] @ radix)
    return Group(name, tuple(tuple(map(int, p)) for p in images), table)


def _degree(n: Any) -> int:
    n = integer("n", n, minimum=1)
    if n > 6:
        raise SettingError("n", f"must be up to 6, got {n}; that group has {math.factorial(n)}")
    return n


def _generators(generators: Any) -> list[tuple[int, ...]]:
    rule = "must be a list of permutations, each the list of images of 0, 1, 2, …, as in [[1,2,0]]"
    if not isinstance(generators, (list, tuple)) or not generators:
        raise SettingError("generators", f"{rule}, got {generators!r}")
    for p in generators:
        if not isinstance(p, (list, tuple)) or any(type(i) is not int for i in p):
            raise SettingError("generators", f"{rule}, got {p!r}")
        if sorted(p) != list(range(len(p))):
            raise SettingError("generators", f"{list(p)} is not a permutation of 0 … {len(p) - 1}")
        if len(p) != len(generators[0]):
            raise SettingError("generators", f"{list(p)} is not as long as {list(generators[0])}")
    if len(generators[0]) > 12:  # so that a permutation has a code among the 64-bit integers
        raise SettingError("generators", "must permute up to 12 points")
    return [tuple(p) for p in generators]


def _sizes(sizes: Any) -> tuple[int, ...]:
    """Orders of the cyclic factors of a product, checked."""
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise SettingError(
            "sizes", f"must be a list of cyclic orders such as [5, 7], got {sizes!r}"
        )
    return tuple(integer("sizes", n, minimum=1) for n in sizes)


def is_prime(n: int) -> bool:
    """Whether n is a prime number (trial division)."""
    return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))
