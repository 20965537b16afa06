"""Closure of matrices under products, up to a tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.actions import cayley_table
from grokrfm.algebra.groups import Group

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Closure:
    """Finite set of matrices that contains each product of a generator and a member, nearly.

    Distances are ‖X − Y‖ / √(2n), with the Frobenius norm.

    Parameters
    ----------
    matrices : (N, n, n)   members, the identity first; each is a shortest product of generators
    left : (N, A) int      member that is nearest to generator a times member k
    residual : float       largest distance of such a product to that member
    """

    matrices: FloatArray
    left: IntArray
    residual: float

    @property
    def order(self) -> int:
        """N, the number of members."""
        return len(self.matrices)

    @property
    def generators(self) -> IntArray:
        """(A,) member that is nearest to each generator."""
        return self.left[0]

    @property
    def characters(self) -> FloatArray:
        """(N,) trace of each member."""
        return np.trace(self.matrices, axis1=1, axis2=2)

    @cached_property
    def group(self) -> Group | None:
        """Group of the members, or None if their products do not make a group.

        Each generator must permute the members. The rows of the table are products of these
        permutations; if generator times row is always the row of the product, then they are all
        that the generators generate, hence a group.
        """
        if (np.sort(self.left, axis=0) != np.arange(self.order)[:, None]).any():
            return None
        table = cayley_table(self.left)
        for step in self.left.T:
            if (step[table] != table[step]).any():
                return None
        return Group(f"closure of {self.left.shape[1]} matrices", tuple(range(self.order)), table)


def closure(generators: FloatArray, tolerance: float, most: int = 400) -> Closure | None:
    """Close (A, n, n) matrices under products, breadth-first; None above `most` members.

    A product at a distance below the tolerance from a member counts as that member. The errors of
    the generators add up along a product, so that the residual is about the length of the longest
    relation times the error of a generator.
    """
    size = generators.shape[1]
    steps = np.asarray(generators, dtype=np.float64)
    limit = 2 * size * tolerance**2
    members = np.eye(size)[None]
    done = 0
    while done < len(members):
        products = _products(steps, members[done:])
        done = len(members)
        # not(<): a product that is not a number is near nothing, and nothing closes
        rest = products[~(_squares(products, members).min(axis=1) < limit)]
        found = [members]
        while len(rest):
            found.append(rest[:1])
            if done + len(found) - 1 > most:
                return None
            rest = rest[1:][~(((rest[1:] - rest[0]) ** 2).sum(axis=(1, 2)) < limit)]
        members = np.concatenate(found)
    products = _products(steps, members)
    nearest = _squares(products, members).argmin(axis=1)
    errors = ((products - members[nearest]) ** 2).sum(axis=(1, 2))
    residual = float(np.sqrt(errors.max() / (2 * size)))
    return Closure(members, nearest.reshape(-1, len(steps)), residual)


def _products(steps: FloatArray, members: FloatArray) -> FloatArray:
    """(N·A, n, n) products of each step with each member, those of a member side by side."""
    return (steps @ members[:, None]).reshape(-1, *members.shape[1:])


def _squares(left: FloatArray, right: FloatArray) -> FloatArray:
    """(l, r) squared Frobenius distances, to about 1e-15."""
    x, y = left.reshape(len(left), -1), right.reshape(len(right), -1)
    return (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
