"""Symmetries: pairs of a permutation of the one-hot coordinates and one of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Symmetry:
    """Pair (g, σ) with f(g·x) = σ(f(x)).

    Parameters
    ----------
    name : str               such as "r^3" or "sr^35"
    coordinates : (d,) int   g moves the one-hot coordinate i to coordinates[i]
    labels : (c,) int        σ moves the label i to labels[i]
    """

    name: str
    coordinates: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __matmul__(self, other: Symmetry) -> Symmetry:
        """Composition: `other` is applied first."""
        return Symmetry(
            f"{self.name}·{other.name}",
            self.coordinates[other.coordinates],
            self.labels[other.labels],
        )

    def inverse(self) -> Symmetry:
        return Symmetry(f"{self.name}⁻¹", np.argsort(self.coordinates), np.argsort(self.labels))

    @property
    def key(self) -> bytes:
        """Key that is equal for equal symmetries, independent of their names."""
        return self.coordinates.tobytes() + self.labels.tobytes()

    @property
    def preserves_labels(self) -> bool:
        return bool((self.labels == np.arange(len(self.labels))).all())

    def permutation_matrix(self) -> NDArray[np.float64]:
        """Π(g), (d, d): Π e_i = e_{g(i)}, so that Π acts on one-hot rows as g acts on pairs."""
        matrix = np.zeros((len(self.coordinates),) * 2)
        matrix[self.coordinates, np.arange(len(self.coordinates))] = 1.0
        return matrix
