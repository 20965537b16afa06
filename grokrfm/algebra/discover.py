"""Search for the coordinate permutations that leave a table of labels as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.orbits import orbits
from grokrfm.checks import GrokrfmError

IntArray = NDArray[np.int64]

MOST_REFINEMENTS = 20_000
"""Of a whole search; each sorts a (2n, 2n) table."""


@dataclass(frozen=True)
class Discovered:
    """The group of all permutations g of the 2n operand coordinates with f(g·x) = f(x).

    Parameters
    ----------
    order : int         how many there are, the identity included
    generators          some that generate all of them, each (2n,)
    """

    order: int
    generators: list[IntArray]


def discover(labels: IntArray) -> Discovered:
    """The symmetries of f(a, b), given as an (n, n) table of labels.

    The coordinates are the vertices of a complete graph whose edge between a and n + b has the
    colour f(a, b), and all others one colour of their own: its automorphisms are sought. They are
    counted along a chain of stabilisers: order = Π (images of a vertex under those that fix all
    vertices before it), and each image needs one automorphism, found by refinement of colours and
    backtracking.

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
            # what is known of the stabiliser of the vertices before this one: those whose colour
            # is theirs alone are fixed by every automorphism that keeps the colours
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
        """An automorphism that maps each vertex to one whose right colour is its left colour."""
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
        """The colours, refined after a vertex has got one of its own."""
        marked = 2 * colours
        marked[vertex] += 1
        return self._refined(marked)

    def _refined(self, colours: IntArray) -> IntArray:
        """Colours by what a vertex sees, until no more are told apart.

        The new colour says the old one and the multiset of (edge colour, colour) of the others, as
        a number that depends on nothing else, so that two runs can be compared.
        """
        count = len(np.unique(colours))
        while True:
            self.refinements += 1
            if self.refinements > MOST_REFINEMENTS:
                raise GrokrfmError("the search takes too long; choose a smaller task")
            seen = np.sort(_mixed(self.edges, colours[None, :]), axis=1)
            weights = _mixed(np.arange(seen.shape[1]), np.zeros(1, dtype=np.int64))
            colours = _mixed((seen * weights).sum(axis=1), colours)
            finer = len(np.unique(colours))
            if finer == count:
                return colours
            count = finer


def _mixed(one: IntArray, other: IntArray) -> IntArray:
    """A 64-bit hash of two numbers, elementwise; equal numbers always have equal hashes.

    A collision could only join two colours, which makes the search longer and never wrong: every
    automorphism is checked against the whole table.
    """
    x = one.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x ^= other.astype(np.uint64) + np.uint64(0xD1B54A32D192ED03) + (x >> np.uint64(29))
    x = (x ^ (x >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (x ^ (x >> np.uint64(32))).view(np.int64)


def _in_smallest_cell(colours: IntArray) -> int | None:
    """The first vertex of the smallest cell of more than one, by size and then colour."""
    values, counts = np.unique(colours, return_counts=True)
    several = counts > 1
    if not several.any():
        return None
    smallest = counts == counts[several].min()
    return int(np.flatnonzero(colours == values[smallest][0])[0])
