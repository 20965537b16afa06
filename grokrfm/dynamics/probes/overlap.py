"""Overlap of the subspaces that actions of different factors move."""

from __future__ import annotations

import numpy as np

from grokrfm.dynamics.view import Floats, View
from grokrfm.runs.record import Number

MOVED = 0.1
"""Least distance of an eigenvalue from 1 for its eigenvector to count as moved."""


def overlap(view: View) -> dict[str, Number]:
    """Mean of ‖Π_a Π_b‖_F², where Π_a projects on the subspace that G_a moves.

    The mean is over the pairs of actions that commute and generate no common subgroup but the
    identity: the candidates for different factors. 0: they move orthogonal subspaces, in whatever
    basis; 2: they share a plane.
    """
    if view.matrices is None or view.table is None:
        return {}
    pairs = view.table.action.independent_pairs
    projectors = [projector(G) for G in view.matrices]
    found = [np.square(projectors[a] @ projectors[b]).sum() for a, b in pairs]
    return {"overlap": float(np.mean(found)) if found else None}


def projector(matrix: Floats) -> Floats:
    """(n, n) orthogonal projector on the subspace that an orthogonal matrix moves.

    An orthogonal matrix and its transpose share eigenvectors, and G + Gᵀ is symmetric with the
    eigenvalues 2 cos θ; |1 − e^{iθ}|² = 2 − 2 cos θ.
    """
    values, vectors = np.linalg.eigh(matrix + matrix.T)
    moved = vectors[:, 2 - values > MOVED**2]
    return np.asarray(moved @ moved.T)
