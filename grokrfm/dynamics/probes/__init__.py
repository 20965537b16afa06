"""Probes of a trained module: View → named numbers, one probe per file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grokrfm.dynamics.choice import FITS, Candidate
from grokrfm.dynamics.probes.affine import affine
from grokrfm.dynamics.probes.eigen_angles import eigen_angles
from grokrfm.dynamics.probes.equivariance import equivariance, inconsistency
from grokrfm.dynamics.probes.overlap import overlap
from grokrfm.dynamics.probes.recovery import recovery
from grokrfm.dynamics.probes.steering import steering
from grokrfm.dynamics.view import View
from grokrfm.recovery.generated import by_matrices
from grokrfm.recovery.score import MOST_ELEMENTS
from grokrfm.runs.record import Number

PROBES: Sequence[Callable[[View], dict[str, Number]]] = (
    recovery,
    eigen_angles,
    overlap,
    equivariance,
    affine,
    steering,
)


def measured(view: View) -> dict[str, Number]:
    """Return the numbers of all probes that apply to a module and its environment."""
    numbers: dict[str, Number] = {}
    for probe in PROBES:
        numbers |= probe(view)
    return numbers


def candidate(view: View, loss: float) -> Candidate:
    """Return what the choice among restarts may know of one: nothing of the true group."""
    if view.matrices is None or view.table is None or loss > FITS:
        return Candidate(loss, 0.0, 0)
    closed = by_matrices(view.matrices, MOST_ELEMENTS)
    return Candidate(loss, inconsistency(view), closed[0].order if closed else 0)
