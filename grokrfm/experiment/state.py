"""The state of an RFM between two iterations as named arrays, for checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from grokrfm.rfm import State
from grokrfm.runs.learner import Arrays


def packed(state: State, seen: Sequence[np.ndarray], with_outputs: bool) -> Arrays:
    """Return a state as arrays.

    Parameters
    ----------
    seen            M_0, M_1, … where a probe needs all of them
    with_outputs    True if the next iteration looks at the test outputs
    """
    arrays = {
        "iteration": np.array(state.iteration),
        "M": state.M.cpu().numpy(),
        "largest": np.array(state.largest),
        "still": np.array(state.still),
    }
    if with_outputs and state.outputs is not None:
        arrays["outputs"] = state.outputs.cpu().numpy()
    if seen:
        arrays["seen"] = np.stack(seen[: state.iteration])
    return arrays


def unpacked(arrays: Arrays, device: torch.device) -> State:
    """Return the state that `packed` wrote."""
    outputs = arrays.get("outputs")
    return State(
        int(arrays["iteration"]),
        torch.as_tensor(arrays["M"], device=device),
        float(arrays["largest"]),
        None if outputs is None else torch.as_tensor(outputs, device=device),
        int(arrays["still"]),
    )
