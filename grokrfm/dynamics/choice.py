"""Choice among the restarts of a run, by criteria that know no group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FITS = 5e-3
"""Largest reconstruction loss of a restart that fits, unless a better one is known."""

CONSISTENT = 0.1
"""Largest mean distance ‖G_a E(x_s) − E(x_t)‖ over seen transitions of a consistent restart."""


@dataclass(frozen=True)
class Candidate:
    """Knowledge of a restart that needs no labels.

    Parameters
    ----------
    loss              reconstruction loss, mean over the last updates
    inconsistency     mean of ‖G_a E(x_s) − E(x_t)‖ over the transitions that were seen
    closure_order     order of the finite group to which its matrices close; 0: they do not
    """

    loss: float
    inconsistency: float
    closure_order: int

    @property
    def rank(self) -> tuple[bool, bool, bool, int, float]:
        """Key that sorts the best candidate first.

        A restart must fit, then encode what it predicts, then close. Of the finite groups that do
        all this the smallest is chosen: it acts on the encoded states as the environment does, so
        that every other is a cover of it or of no smaller order.
        """
        return (
            self.loss > FITS,
            self.inconsistency > CONSISTENT,
            not self.closure_order,
            self.closure_order,
            self.loss,
        )


def chosen(candidates: Sequence[Candidate]) -> int:
    """Return the index of the best candidate; the first of equal ones."""
    return min(range(len(candidates)), key=lambda r: candidates[r].rank)
