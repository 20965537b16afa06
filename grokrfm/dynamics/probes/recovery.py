"""The joint score: did the model recover the group?"""

from __future__ import annotations

import numpy as np

from grokrfm.dynamics.view import View
from grokrfm.recovery import feature_invariance, score
from grokrfm.runs.record import Number


def recovery(view: View) -> dict[str, Number]:
    """Return the score of grokrfm.recovery on the table of the environment.

    Operators are the matrices, where the model has any; features are the centred Gram matrix of
    the latents. A model that predicts nothing has its feature invariance alone.
    """
    if view.table is None or view.latents is None:
        return {}
    centred = view.latents - view.latents.mean(axis=0)
    gram = centred @ centred.T
    if view.predictions is None:
        return {"feature_invariance": feature_invariance(view.table.action, gram)}
    seen = np.ones_like(view.table.transitions, dtype=bool) if view.seen is None else view.seen
    return score(view.table.action, seen, view.matrices, view.predictions, gram)
