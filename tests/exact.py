"""Exact matrices that generate known groups, for tests of what is learned."""

import numpy as np
from scipy.linalg import block_diag
from scipy.spatial.transform import Rotation
from scipy.stats import ortho_group

GOLDEN = (1 + 5**0.5) / 2


def turn(share):
    """Rotation of the plane by a share of a full turn."""
    angle = 2 * np.pi * share
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def about(axis, share):
    """Rotation of space about an axis by a share of a full turn."""
    unit = np.array(axis) / np.linalg.norm(axis)
    return Rotation.from_rotvec(2 * np.pi * share * unit).as_matrix()


def dihedral(n):
    """Turn and half-turn that generate D_n in SO(3)."""
    return np.array([about([0, 0, 1], 1 / n), about([1, 0, 0], 1 / 2)])


def torus(p):
    """Steps forth and back along two axes, which generate C_p x C_p in SO(4)."""
    shares = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) / p
    return np.array([block_diag(turn(x), turn(y)) for x, y in shares])


S4 = np.array([about([1, 0, 0], 1 / 4), about([0, 0, 1], 1 / 4)])
A4 = np.array([about([1, 1, 1], 1 / 3), about([0, 0, 1], 1 / 2)])
A5 = np.array([about([0, 1, GOLDEN], 1 / 5), about([1, GOLDEN, 0], 1 / 5)])
I4 = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]])
J4 = np.array([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]])
Q8 = np.array([I4, J4], dtype=float)
NEVER = np.array([about([1, 0, 0], 1 / 5), about([0, 0, 1], 1 / 5)])
"""Turns by 72° about perpendicular axes generate a dense subgroup of SO(3)."""


def conjugated(matrices, seed):
    """The same representation in a random orthonormal basis."""
    basis = ortho_group.rvs(matrices.shape[1], random_state=seed)
    return basis @ matrices @ basis.T


def perturbed(matrices, size, seed):
    """Orthogonal matrices at about a distance from some, as ‖X − Y‖ / √(2n)."""
    noise = np.random.default_rng(seed).normal(size=matrices.shape)
    left, _, right = np.linalg.svd(matrices + size * noise / matrices.shape[1] ** 0.5)
    return left @ right
