"""Any split, with the mirror images of its test rows moved to the test set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.checks import SettingError, integer, setting_prefix
from grokrfm.splits.split import Split, Splitter, draw, from_training_mask, require
from grokrfm.tasks import Task


@dataclass(frozen=True)
class Partners:
    """Base split without some partners: training rows that sr^k takes to test rows.

    Parameters
    ----------
    base : Splitter
    element        the group element k, in the group's own notation
    to_test : int  random partners that move to the test set

    Strata: `paired` and `unpaired`, test rows of the base split whose partner trains, or does not;
    and `moved`.

    Source: arXiv:2604.00316, section 6.
    """

    base: Splitter
    element: Any
    to_test: int

    def __post_init__(self) -> None:
        integer("to_test", self.to_test, minimum=0)

    @property
    def is_random(self) -> bool:
        """True if the seed matters."""
        return getattr(self.base, "is_random", True) or self.to_test > 0

    def split(self, task: Task, rng: np.random.Generator) -> Split:
        try:
            mirror = task.row_permutation(task.reflection(task.group.index(self.element)))
        except ValueError as error:  # includes SettingError
            problem = error.problem if isinstance(error, SettingError) else str(error)
            raise SettingError("element", problem) from error
        with setting_prefix("base"):
            base = self.base.split(task, rng)
        partners = base.train[np.isin(mirror[base.train], base.test)]
        require(self.to_test, len(partners), "to_test", "partners", "training")
        out = draw(rng, partners, self.to_test)

        training = np.zeros(len(task.labels), dtype=bool)
        training[base.train] = True
        held_out = ~training
        training[out] = False
        paired = held_out & training[mirror]
        strata = {"paired": paired, "unpaired": held_out & ~paired, "moved": training ^ ~held_out}
        return from_training_mask(training, "to_test", strata)
