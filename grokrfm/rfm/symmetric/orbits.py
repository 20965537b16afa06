"""Rows of a task as orbits of a group of translations, and the tables that relate them.

Let T be a group of s translations of an Abelian group's table a·φ(b). T moves no row to itself, so
row (i, t) is the image under t of r_i, the representative of orbit i, and every orbit has s rows.
t adds σ(t) to every label. Of each coset of σ(T) one class is solved, q in all: class c is
v_c(k_c), the image under v_c of the solved class k_c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grokrfm.algebra import Group, Symmetry
from grokrfm.algebra.abelian import abelian_characters
from grokrfm.kernels import OneHot
from grokrfm.rfm.examples import Examples
from grokrfm.tasks import Task
from grokrfm.tasks.family import IntArray


@dataclass(frozen=True, eq=False)
class RowOrbits:
    """Training and test rows as orbits of translations that map each set onto itself.

    Parameters
    ----------
    task : Task
    translations : (s, 2) int   the group T as pairs (g, h), the identity first
    train, test : (N,) int      rows of the table, increasing
    """

    task: Task
    translations: IntArray
    train: IntArray
    test: IntArray

    @property
    def s(self) -> int:
        return len(self.translations)

    @cached_property
    def coordinates(self) -> IntArray:
        """(s, d) image of each coordinate under each translation."""
        return np.array([t.coordinates for t in self._symmetries])

    @cached_property
    def labels(self) -> IntArray:
        """(s, c) image of each class under each translation."""
        return np.array([t.labels for t in self._symmetries])

    @cached_property
    def train_rows(self) -> IntArray:
        """(R, s) row (i, t) of the table."""
        return self._orbits(self.train)

    @cached_property
    def test_rows(self) -> IntArray:
        """(R', s) row (i, t) of the table."""
        return self._orbits(self.test)

    @cached_property
    def group(self) -> Group:
        """T itself; its elements are numbered in the order of `translations`."""
        n, product = self.task.order, self.task.group.table
        g, h = self.translations.T
        place = np.empty(n * n, dtype=np.int64)
        place[g * n + h] = np.arange(self.s)
        table = place[product[g[:, None], g] * n + product[h[:, None], h]]
        return Group("T", tuple(range(self.s)), table)

    @cached_property
    def characters(self) -> NDArray[np.complex128]:
        """(H, s) characters χ of T, one of each pair χ, χ̄."""
        chi = abelian_characters(self.group)
        conjugate = np.abs(chi @ chi.T).argmax(axis=1)
        return chi[np.arange(self.s) <= conjugate]

    @cached_property
    def solved(self) -> IntArray:
        """(q,) the classes that are solved."""
        return np.unique(self.labels.min(axis=0))

    @cached_property
    def moved(self) -> IntArray:
        """(s, c) number of (t·v_c⁻¹, k_c) among the s·q pairs of a translation and a solved class.

        f_c(r_i + t) = f_k(r_i + t − v) with v = v_c and k = k_c, likewise for the coefficients.
        """
        solved, classes = self.solved, self.task.classes
        k = np.searchsorted(solved, self.labels.min(axis=0))
        v = (self.labels[:, solved[k]] == np.arange(classes)).argmax(axis=0)
        return self.group.table[:, self.group.inverses[v]] * len(solved) + k

    @cached_property
    def coordinate_orbits(self) -> tuple[IntArray, IntArray]:
        """(d, d) and (d, c) orbit of each pair of coordinates, and of a coordinate and a class."""
        return self._pair_orbits(self.coordinates), self._pair_orbits(self.labels)

    def inputs(self, rows: IntArray, device: torch.device) -> OneHot:
        """Inputs of some rows of the table."""
        active = self.task.active[rows.flatten()]
        return OneHot(torch.as_tensor(active, device=device), self.task.width)

    def representatives(self, examples: Examples, *, training: bool) -> Examples | None:
        """Representatives of all rows of a side; None if a stratum is no union of orbits."""
        places = self.places(training).to(examples.labels.device)
        first = places[:, 0]
        for mask in examples.strata.values():
            if not bool((mask[places] == mask[first][:, None]).all()):
                return None
        inputs = OneHot(examples.inputs.active[first], examples.inputs.width)
        strata = {name: mask[first] for name, mask in examples.strata.items()}
        return Examples(inputs, examples.labels[first], strata)

    def places(self, training: bool) -> Tensor:
        """(R, s) place of row (i, t) among the rows of a side."""
        rows, side = (self.train_rows, self.train) if training else (self.test_rows, self.test)
        return torch.as_tensor(np.searchsorted(side, rows))

    @cached_property
    def _symmetries(self) -> list[Symmetry]:
        member = self.task.families["translation"].member
        return [member(int(g), int(h)) for g, h in self.translations]

    def _orbits(self, rows: IntArray) -> IntArray:
        images = self.task.row_permutations(self._symmetries, rows)  # (s, N)
        return images[:, images.min(axis=0) == rows].T

    def _pair_orbits(self, second: IntArray) -> IntArray:
        size, columns = self.coordinates.shape[1], second.shape[1]
        least = np.arange(size * columns).reshape(size, columns)
        for first, other in zip(self.coordinates, second, strict=True):
            np.minimum(least, first[:, None] * columns + other, out=least)
        return np.unique(least, return_inverse=True)[1].reshape(least.shape)


class OrbitMeans:
    """Function that replaces each entry of a matrix by the mean over its orbit.

    Parameters
    ----------
    orbit : int Tensor   orbit of every entry, numbered from 0
    """

    def __init__(self, orbit: Tensor) -> None:
        self.orbit, self.sizes = orbit, orbit.flatten().bincount()

    def __call__(self, values: Tensor) -> Tensor:
        sums = values.new_zeros(len(self.sizes))
        sums.index_add_(0, self.orbit.flatten(), values.flatten())
        return (sums / self.sizes)[self.orbit]
