"""Actions with exact matrices, one per group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from grokrfm.algebra import dihedral, quaternion
from grokrfm.algebra.group_action import GroupAction
from grokrfm.environments.gridworld import torus
from tests import exact


@dataclass(frozen=True)
class Case:
    action: GroupAction
    operators: np.ndarray

    @property
    def predictions(self) -> np.ndarray:
        """(S, A, S), all of them right."""
        permutations = self.action.permutations
        return np.eye(permutations.shape[1])[permutations.T]


def by_multiplication(group, elements):
    """Action of some elements on their group from the left."""
    return GroupAction(group.table[[group.index(element) for element in elements]])


def on_vertices(matrices, vertex):
    """Action on the orbit of a vector, by the nearest member."""
    orbit = [np.array(vertex) / np.linalg.norm(vertex)]
    for v in orbit:
        for moved in matrices @ v:
            if min(np.linalg.norm(moved - w) for w in orbit) > 1e-6:
                orbit.append(moved)
    V = np.array(orbit)
    return GroupAction(np.array([(V @ G.T @ V.T).argmax(axis=1) for G in matrices]))


def shares(*rows):
    """Rotations of two planes by shares of a turn, one row per action."""
    return np.array([block_diag(exact.turn(x), exact.turn(y)) for x, y in rows])


CASES = {
    "S3": Case(by_multiplication(dihedral(3), ["r1", "sr0"]), exact.dihedral(3)),
    "D5": Case(by_multiplication(dihedral(5), ["r1", "sr0"]), exact.dihedral(5)),
    "A5": Case(on_vertices(exact.A5, [0, 1, exact.GOLDEN]), exact.A5),
    "Q8": Case(by_multiplication(quaternion(), ["i", "j"]), exact.Q8),
    "C5 x C5": Case(GroupAction(torus(5).T), exact.torus(5)),
}
DOUBLE = Case(GroupAction(torus(3).T), shares((1 / 6, 0), (-1 / 6, 0), (0, 1 / 3), (0, -1 / 3)))
