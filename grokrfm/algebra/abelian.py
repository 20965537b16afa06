"""Abelian groups: invariant factors and characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.classes import element_orders
from grokrfm.algebra.groups import Group


def invariant_factors(group: Group) -> tuple[int, ...]:
    """Orders d₁ | d₂ | … > 1 of the cyclic groups whose product an Abelian group is.

    A product of cyclic p-groups of orders p^λ has Π p^min(i, λ) elements whose order divides p^i,
    so that the number of factors with λ ≥ i follows from the counts for i and i − 1.
    """
    orders = element_orders(group)
    factors: list[int] = []  # the largest first
    for p in _prime_divisors(group.order):
        power, smaller = p, 1
        while (count := int((power % orders == 0).sum())) > smaller:
            rank = round(np.log(count // smaller) / np.log(p))
            factors += [1] * (rank - len(factors))
            factors[:rank] = [p * d for d in factors[:rank]]
            power, smaller = p * power, count
    return tuple(factors[::-1])


def abelian_characters(group: Group) -> NDArray[np.complex128]:
    """(n, n) characters of an Abelian group, the trivial one first.

    They are extended from a subgroup H to the one that g generates with it: if m is the smallest
    exponent with g^m in H, the value at g is any m-th root of the value at g^m.
    """
    exponent = int(np.lcm.reduce(element_orders(group)))
    subgroup = np.array([group.identity])
    turns = np.zeros((1, 1), dtype=np.int64)  # (characters, H), in turns / exponent
    for g in range(group.order):
        powers = [group.identity]
        while not (inside := subgroup == (last := group.table[powers[-1], g])).any():
            powers.append(last)
        m = len(powers)
        if m == 1 and g in subgroup:
            continue
        roots = (turns[:, inside] + exponent * np.arange(m)) // m  # (characters, m), exact
        extended = turns[:, None, None, :] + roots[:, :, None, None] * np.arange(m)[:, None]
        subgroup = group.table[np.array(powers)[:, None], subgroup].ravel()
        turns = extended.reshape(len(subgroup), -1) % exponent
    values = np.empty((group.order,) * 2, dtype=np.complex128)
    values[:, subgroup] = np.exp(2j * np.pi * np.arange(exponent) / exponent)[turns]
    return values


def _prime_divisors(n: int) -> list[int]:
    primes = []
    for p in range(2, n + 1):
        if n % p == 0:
            primes.append(p)
            while n % p == 0:
                n //= p
    return primes
