"""Affine R² of the latents, which asks for no learned operator."""

from __future__ import annotations

import numpy as np

from grokrfm.dynamics.view import View
from grokrfm.runs.record import Number


def affine(view: View) -> dict[str, Number]:
    """R² of the best affine map from the latents of all states to those of their successors.

    One map per action, mean over the actions; 1 if each action acts affinely on the latents.
    """
    if view.latents is None or view.table is None:
        return {}
    Z = view.latents
    centred = Z - Z.mean(axis=0)
    if not (total := np.square(centred).sum()):
        return {"affine_r2": None}
    inputs = np.column_stack([Z, np.ones(len(Z))])
    found = []
    for successors in view.table.transitions.T:
        fitted, *_ = np.linalg.lstsq(inputs, Z[successors], rcond=None)
        found.append(1 - np.square(Z[successors] - inputs @ fitted).sum() / total)
    return {"affine_r2": float(np.mean(found))}
