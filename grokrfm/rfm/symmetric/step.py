"""Step of a run solved on representatives; all rows are reconstructed only on request."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import Any

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

    _reduced: Step
    _rows: RowOrbits

    def __init__(self, reduced: Step, rows: RowOrbits) -> None:
        shared = {f.name: getattr(reduced, f.name) for f in fields(Step) if f.name not in BY_ROW}
        vars(self).update(shared, _reduced=reduced, _rows=rows)  # a Step is frozen

    @cached_property
    def coefficients(self) -> Tensor:
        return self._expanded(self._reduced.coefficients, training=True)

    @cached_property
    def train_outputs(self) -> Tensor:
        return self._expanded(self._reduced.train_outputs, training=True)

    @cached_property
    def test_outputs(self) -> Tensor:
        return self._expanded(self._reduced.test_outputs, training=False)

    def sample(self, train: Examples, test: Examples) -> tuple[Step, Examples, Examples]:
        some_train = self._rows.representatives(train, training=True)
        some_test = self._rows.representatives(test, training=False)
        if some_train is None or some_test is None:
            return self, train, test
        first = torch.as_tensor(self._rows.moved[0], device=self.M.device)
        arrays: dict[str, Any] = {name: getattr(self._reduced, name)[:, first] for name in BY_ROW}
        return replace(self._reduced, **arrays), some_train, some_test

    def _expanded(self, values: Tensor, *, training: bool) -> Tensor:
        """(n, c) values on all rows from those of the solved classes."""
        rows = self._rows
        moved = torch.as_tensor(rows.moved, device=values.device)
        every = values[:, moved].flatten(0, 1)  # row (i, t)
        whole = torch.empty_like(every)
        whole[rows.places(training).flatten().to(values.device)] = every
        return whole
