"""Orbits of a run's rows under translations, for runs that are solved on representatives."""

from __future__ import annotations

import numpy as np
import torch

from grokrfm.checks import setting_prefix
from grokrfm.rfm import RFM, GivenStart, RowOrbits, Start, SymmetricRFM
from grokrfm.rfm.symmetric.engine import kept_start
from grokrfm.splits import Split, translations
from grokrfm.tasks import Task


def row_orbits(
    rfm: RFM, task: Task, split: Split, start: Start, rng: np.random.Generator
) -> RowOrbits | None:
    """Orbits of all rows under the translations that keep a training set; None for a dense run.

    Raises
    ------
    SettingError   if none keeps the training set, or some do not keep the start
    """
    if not isinstance(rfm, SymmetricRFM):
        return None
    with setting_prefix("rfm"):
        found = translations(task, split)
    orbits = RowOrbits(task, found, split.train, split.test)
    if isinstance(start, GivenStart):  # one that is learned is checked when the run starts
        kept_start(orbits, torch.as_tensor(start.values(task, rng)))
    return orbits
