"""Invariance of features under the actions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.group_action import GroupAction


def feature_invariance(action: GroupAction, features: NDArray[np.float64]) -> float:
    """Mean of ‖P_g K P_gᵀ − K‖_F / ‖K‖_F over the actions g; 0: invariant, near 1.4: random.

    Parameters
    ----------
    features : (S, S)   K, such as the centred Gram matrix of latents, or the block of an AGOP on
                        the coordinates of the state; the result of K = 0 is NaN
    """
    norm = np.linalg.norm(features)
    if not norm:
        return float("nan")
    # (P K Pᵀ)[g(i), g(j)] = K[i, j]; the norm does not depend on the order of the entries
    moved = [features[np.ix_(g, g)] for g in action.permutations]
    return float(np.mean([np.linalg.norm(features - one) for one in moved]) / norm)
