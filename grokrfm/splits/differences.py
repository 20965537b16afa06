"""Splits by the difference of the operands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.algebra import Group
from grokrfm.checks import SettingError, boolean, fraction
from grokrfm.splits.split import Rows, Split, from_training_mask
from grokrfm.tasks import Task, fixing_reflection


@dataclass(frozen=True)
class Differences:
    """Split with train = the pairs whose difference lies in a set D, test = all others.

    The difference of (a, b) is the element k whose reflection sr^k fixes the pair: b − a for
    addition, −(a + b) for subtraction, b·a⁻¹ for multiplication, (a·b)⁻¹ for division. The training
    set is a union of orbits of the translations t^(g,g); the reflection sr^e maps it onto itself
    if and only if D = −D.

    Parameters
    ----------
    differences       D, as a list of group elements; None: D is drawn by the following settings
    density : float   |D| / n, strictly between 0 and 1
    symmetric : bool  draw whole pairs {k, −k}, as many as come nearest to the density
    zero : bool       True: the identity lies in D; False: it does not

    Strata: `fixed` (difference e: fixed by sr^e) and `moved` (all other test rows).
    """

    differences: Sequence[Any] | None
    density: float
    symmetric: bool
    zero: bool

    def __post_init__(self) -> None:
        listed = self.differences
        if listed is not None and (not isinstance(listed, (list, tuple)) or not listed):
            raise SettingError(
                "differences",
                f"must be a list of group elements such as [1, 3, 4], or null, got {listed!r}",
            )
        fraction("density", self.density)
        boolean("symmetric", self.symmetric)
        boolean("zero", self.zero)

    @property
    def is_random(self) -> bool:
        """True if the seed matters."""
        return self.differences is None

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        try:
            of_row = fixing_reflection(task).flatten()
        except SettingError as error:
            raise SettingError("differences", error.problem) from error
        listed = self.differences
        D = self._drawn(task.group, rng) if listed is None else _indices(task.group, listed)
        zero = of_row == task.group.identity
        setting = "density" if listed is None else "differences"
        return from_training_mask(np.isin(of_row, D), setting, {"fixed": zero, "moved": ~zero})

    def _drawn(self, group: Group, rng: np.random.Generator) -> Rows:
        """Draw D; with the same generator state a larger density contains the smaller one."""
        others = np.delete(np.arange(group.order), group.identity)
        score = rng.random(group.order)
        if self.symmetric:
            score = np.minimum(score, score[group.inverses])
        order = others[np.argsort(score[others], kind="stable")]
        whole = np.append(score[order][1:] != score[order][:-1], True)  # ends of pairs
        sizes = np.append(0, np.flatnonzero(whole) + 1)
        target = self.density * group.order - self.zero
        count = sizes[np.abs(sizes - target).argmin()]
        return np.append(order[:count], [group.identity] * self.zero)


def _indices(group: Group, elements: Sequence[Any]) -> list[int]:
    try:
        return [group.index(element) for element in elements]
    except ValueError as error:
        raise SettingError("differences", str(error)) from error
