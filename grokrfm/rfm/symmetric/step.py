"""Step of a run solved on representatives; all rows are reconstructed only on request."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property

import torch
from torch import Tensor

from grokrfm.rfm.examples import Examples
from grokrfm.rfm.step import Step
from grokrfm.rfm.symmetric.orbits import RowOrbits

BY_ROW = ("coefficients", "train_outputs", "test_outputs")


class SymmetricStep(Step):
    """Step whose arrays by row are made when they are first read.

    Parameters
    ----------
    reduced : Step   with arrays (R, s·q) instead of (n, c): the solved classes on all rows (i, t)
    rows : RowOrbits
    """

    def __init__(self, reduced: Step, rows: RowOrbits) -> None:
        vars(self).update(
            {f.name: getattr(reduced, f.name) for f in fields(Step) if f.name not in BY_ROW}
        )
        vars(self).update(_reduced=reduced, _rows=rows)

    @cached_property
    def coefficients(self) -> Tensor:  # type: ignore[override]
        return self._expanded(vars(self)["_reduced"].coefficients, training=True)

    @cached_property
    def train_outputs(self) -> Tensor:  # type: ignore[override]
        return self._expanded(vars(self)["_reduced"].train_outputs, training=True)

    @cached_property
    def test_outputs(self) -> Tensor:  # type: ignore[override]
        return self._expanded(vars(self)["_reduced"].test_outputs, training=False)

    def sample(self, train: Examples, test: Examples) -> tuple[Step, Examples, Examples]:
        rows: RowOrbits = vars(self)["_rows"]
        sides = (
            rows.representatives(train, training=True),
            rows.representatives(test, training=False),
        )
        if sides[0] is None or sides[1] is None:
            return self, train, test
        reduced: Step = vars(self)["_reduced"]
        first = torch.as_tensor(rows.moved[0], device=self.M.device)
        arrays = {name: getattr(reduced, name)[:, first] for name in BY_ROW}
        others = {f.name: getattr(reduced, f.name) for f in fields(Step) if f.name not in BY_ROW}
        return Step(**others, **arrays), sides[0], sides[1]

    def _expanded(self, values: Tensor, *, training: bool) -> Tensor:
        rows: RowOrbits = vars(self)["_rows"]
        moved = torch.as_tensor(rows.moved, device=values.device)
        every = values[:, moved]  # (R, s, c)
        whole = torch.empty_like(every).flatten(0, 1)
        whole[rows.places(training).flatten().to(values.device)] = every.flatten(0, 1)
        return whole
