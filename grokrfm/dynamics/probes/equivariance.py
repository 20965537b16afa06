"""Equivariance of the encoder."""

from __future__ import annotations

import numpy as np

from grokrfm.dynamics.view import Floats, View
from grokrfm.runs.record import Number


def equivariance(view: View) -> dict[str, Number]:
    """Mean of ‖G_a E(x_s) − E(x_{T[s,a]})‖ over all states and actions; 0 if E is equivariant.

    It says little where episodes start in one state, since the encoder then sees no other.
    """
    defects = _defects(view)
    return {} if defects is None else {"equivariance": float(defects.mean())}


def inconsistency(view: View) -> float:
    """Return the same mean over the seen transitions only; 0 where there is no table."""
    defects = _defects(view)
    if defects is None:
        return 0.0
    return float(defects.mean() if view.seen is None else defects[view.seen].mean())


def _defects(view: View) -> Floats | None:
    """(S, A) distances."""
    if view.matrices is None or view.latents is None or view.table is None:
        return None
    moved = np.einsum("aij,sj->sai", view.matrices, view.latents)
    return np.linalg.norm(moved - view.latents[view.table.transitions], axis=-1)
