"""Rows of a task's table on a device."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from grokrfm.kernels import OneHot
from grokrfm.rfm.engine import Examples
from grokrfm.tasks import Task


def examples(
    task: Task,
    rows: np.ndarray,
    device: torch.device,
    strata: Mapping[str, np.ndarray] | None = None,
) -> Examples:
    """The given rows of a task's table, on a device; strata are masks over these rows."""
    return Examples(
        OneHot(torch.as_tensor(task.active[rows], device=device), task.width),
        torch.as_tensor(task.labels[rows], device=device),
        {name: torch.as_tensor(mask, device=device) for name, mask in (strata or {}).items()},
    )
