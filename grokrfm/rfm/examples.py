"""Labelled rows of a task's table, on a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from grokrfm.kernels import OneHot
from grokrfm.tasks import Task


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled rows of a task's table.

    Parameters
    ----------
    inputs : OneHot      m rows of width d
    labels : (m,) int
    strata               name → (m,) mask of the rows of that kind
    """

    inputs: OneHot
    labels: Tensor
    strata: Mapping[str, Tensor] = field(default_factory=dict)

    @cached_property
    def masks(self) -> Tensor:
        """1 for all rows, and for those of each stratum, (m, 1 + strata), in float64."""
        everywhere = torch.ones_like(self.labels, dtype=torch.bool)
        return torch.stack([everywhere, *self.strata.values()], dim=-1).to(torch.float64)


def examples(
    task: Task,
    rows: np.ndarray,
    device: torch.device,
    strata: Mapping[str, np.ndarray] | None = None,
) -> Examples:
    """Return the given rows of a task's table on a device; strata are masks over these rows."""
    return Examples(
        OneHot(torch.as_tensor(task.active[rows], device=device), task.width),
        torch.as_tensor(task.labels[rows], device=device),
        {name: torch.as_tensor(mask, device=device) for name, mask in (strata or {}).items()},
    )


def stacked(every: Sequence[Examples]) -> Examples:
    """Rows of all runs of a batch, with the strata that all of them have."""
    inputs = OneHot(torch.stack([e.inputs.active for e in every]), every[0].inputs.width)
    names = [name for name in every[0].strata if all(name in e.strata for e in every)]
    strata = {name: torch.stack([e.strata[name] for e in every]) for name in names}
    return Examples(inputs, torch.stack([e.labels for e in every]), strata)
