"""Search for the coordinate permutations that preserve a table of labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.orbits import orbits
from grokrfm.checks import GrokrfmError

IntArray = NDArray[np.int64]

MOST_REFINEMENTS = 20_000
"""Limit for a whole search; each refinement sorts a (2n, 2n) table."""


@dataclass(frozen=True)
class Discovered:
    """Group of all permutations g of the 2n operand coordinates with f(g·x) = f(x).

    Parameters
    ----------
    order : int         number of permutations, the identity included
    generators          permutations that generate the group, each (2n,)
    """

    order: int
    generators: list[IntArray]


def discover(labels: IntArray) -> Discovered:
    """Find the symmetries of f(a, b), given as an (n, n) table of labels.

    They are the automorphisms of a coloured complete graph on the coordinates: the edge between a
    and n + b has the colour f(a, b), and all other edges share one further colour. A chain of
    stabilisers gives the order = Π (number of images of a vertex under the automorphisms that fix
    all earlier vertices). Refinement of colours and backtracking find one automorphism per image.

    Raises
    ------
    GrokrfmError   if the search takes more than MOST_REFINEMENTS
    """
    n = len(labels)
    edges = np.full((2 * n, 2 * n), -1)
    edges[:n, n:] = labels
    edges[n:, :n] = labels.T
    return _Search(np.unique(edges, return_inverse=True)[1].reshape(2 * n, 2 * n)).all()


@dataclass
class _Search:
    edges: IntArray
    refinements: int = field(default=0)

    def all(self) -> Discovered:
        size = len(self.edges)
        colours = self._refined(np.zeros(size, dtype=np.int64))
        generators: list[IntArray] = []
        orders = []
        while (vertex := _in_smallest_cell(colours)) is not None:
            # the known generators of the stabiliser of all earlier vertices: a vertex with a
            # colour of its own is fixed by every automorphism that preserves the colours
            known = [g for g in generators if (colours[g] == colours).all()]
            orbit = orbits(known, size)
            failed: set[int] = set()
            reached = {int(orbit[vertex])}
            singled = self._singled(colours, vertex)
            for image in np.flatnonzero(colours == colours[vertex]):
                if int(orbit[image]) in reached | failed:
                    continue
                found = self._extend(singled, self._singled(colours, int(image)))
                if found is None:
                    failed.add(int(orbit[image]))
                    continue
                generators.append(found)
                known.append(found)
                orbit, failed = orbits(known, size), set()
                reached = {int(orbit[vertex])}
            orders.append(int((orbit == orbit[vertex]).sum()))
            colours = singled
        return Discovered(prod(orders), generators)

    def _extend(self, left: IntArray, right: IntArray) -> IntArray | None:
        """Find an automorphism g with right[g(v)] = left[v] for every vertex v, or None."""
        if (np.sort(left) != np.sort(right)).any():
            return None
        vertex = _in_smallest_cell(left)
        if vertex is None:
            g = np.argsort(right)[np.argsort(np.argsort(left))]
            return g if (self.edges[np.ix_(g, g)] == self.edges).all() else None
        singled = self._singled(left, vertex)
        for image in np.flatnonzero(right == left[vertex]):
            found = self._extend(singled, self._singled(right, int(image)))
            if found is not None:
                return found
        return None

    def _singled(self, colours: IntArray, vertex: int) -> IntArray:
        """Return the refinement of the colours in which a vertex has one of its own."""
        marked = 2 * colours
        marked[vertex] += 1
        return self._refined(marked)

    def _refined(self, colours: IntArray) -> IntArray:
        """Refine the colours until their number no longer grows.

        The new colour of a vertex is a hash of its old colour and of the multiset of the pairs
        (edge colour, colour) over all vertices. It depends on nothing else, so the colours of two
        refinements are comparable.
        """
        count = len(np.unique(colours))
        while True:
            self.refinements += 1
            if self.refinements > MOST_REFINEMENTS:
                raise GrokrfmError(
                    f"the search for symmetries needs more than {MOST_REFINEMENTS} refinements;"
                    " choose a smaller task"
                )
            seen = np.sort(_mixed(self.edges, colours[None, :]), axis=1)
            weights = _mixed(np.arange(seen.shape[1]), np.zeros(1, dtype=np.int64))
            colours = _mixed((seen * weights).sum(axis=1), colours)
            finer = len(np.unique(colours))
            if finer == count:
                return colours
            count = finer


def _mixed(one: IntArray, other: IntArray) -> IntArray:
    """Return a 64-bit hash of two numbers, elementwise; equal numbers have equal hashes.

    A collision can only merge two colours. The search is then longer but never wrong, since every
    automorphism is checked against the whole table.
    """
    x = one.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x ^= other.astype(np.uint64) + np.uint64(0xD1B54A32D192ED03) + (x >> np.uint64(29))
    x = (x ^ (x >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (x ^ (x >> np.uint64(32))).view(np.int64)


def _in_smallest_cell(colours: IntArray) -> int | None:
    """Return the first vertex of the smallest cell (then colour) that is not a single vertex."""
    values, counts = np.unique(colours, return_counts=True)
    several = counts > 1
    if not several.any():
        return None
    smallest = counts == counts[several].min()
    return int(np.flatnonzero(colours == values[smallest][0])[0])
