"""Splits by the difference of the operands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.algebra import Group, orbits
from grokrfm.checks import SettingError, boolean, fraction, integer
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
    multipliers       integers m: with k, D contains m·k (k^m)
    periods           group elements h: with k, D contains k + h, so that it consists of cosets
    zero : bool       True: the identity lies in D; False: it does not

    Strata: `fixed` (difference e: fixed by sr^e) and `moved` (all other test rows).
    """

    differences: Sequence[Any] | None
    density: float
    symmetric: bool
    multipliers: Sequence[int]
    periods: Sequence[Any]
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
        for name in ("multipliers", "periods"):
            if not isinstance(getattr(self, name), (list, tuple)):
                raise SettingError(name, f"must be a list, got {getattr(self, name)!r}")

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
        group = task.group
        D = self._drawn(group, rng) if listed is None else _indices(group, "differences", listed)
        zero = of_row == task.group.identity
        setting = "density" if listed is None else "differences"
        return from_training_mask(np.isin(of_row, D), setting, {"fixed": zero, "moved": ~zero})

    def _drawn(self, group: Group, rng: np.random.Generator) -> Rows:
        """Draw D; with the same generator state a larger density contains the smaller one."""
        orbit = self._orbits(group)
        with_zero = np.flatnonzero(orbit == orbit[group.identity])
        others = np.flatnonzero(orbit != orbit[group.identity])
        score = np.full(group.order, np.inf)
        np.minimum.at(score, orbit, rng.random(group.order))
        score = score[orbit]
        order = others[np.argsort(score[others], kind="stable")]
        whole = np.append(score[order][1:] != score[order][:-1], True)  # ends of orbits
        sizes = np.append(0, np.flatnonzero(whole) + 1)
        target = self.density * group.order - self.zero * len(with_zero)
        count = sizes[np.abs(sizes - target).argmin()]
        return np.append(order[:count], with_zero if self.zero else with_zero[:0])

    def _orbits(self, group: Group) -> Rows:
        """(n,) number of the orbit of each element under what must keep D."""
        maps = [group.inverses] if self.symmetric else []
        for m in self.multipliers:
            multiple = group.power(integer("multipliers", m, minimum=1))
            if len(np.unique(multiple)) < group.order:
                raise SettingError(
                    "multipliers",
                    f"k -> {m} k is not one to one in {group.name}; choose numbers that have no"
                    f" common factor with {group.order}",
                )
            maps.append(multiple)
        maps += [group.table[:, h] for h in _indices(group, "periods", self.periods)]
        return orbits(maps, group.order)


def _indices(group: Group, setting: str, elements: Sequence[Any]) -> list[int]:
    try:
        return [group.index(element) for element in elements]
    except ValueError as error:
        raise SettingError(setting, str(error)) from error
