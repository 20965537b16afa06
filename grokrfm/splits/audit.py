"""Symmetry audit: the symmetries of its task that a training set has, before any run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.algebra import Symmetry, fixed_points
from grokrfm.splits.split import Split
from grokrfm.tasks import Task

AT_A_TIME = 64  # symmetries, each with an entry per row
NAMES = 8
"""Maximal number of symmetry names in a record."""


@dataclass(frozen=True)
class Finding:
    """Effect of one symmetry on a split.

    Parameters
    ----------
    name : str           of the symmetry
    moved_outside : int  training rows whose image is not a training row with the right label
    kept : float         fraction of training rows whose image is one
    fixed_test : int     fixed points in the test set
    fixed_train : int    fixed points in the training set
    """

    name: str
    moved_outside: int
    kept: float
    fixed_test: int
    fixed_train: int

    @property
    def invariant(self) -> bool:
        """True if the symmetry maps the training set, labels included, onto itself."""
        return self.moved_outside == 0


@dataclass(frozen=True)
class Audit:
    """Findings for every symmetry except the identity.

    Parameters
    ----------
    findings         in the order of the symmetries
    trapped : int    test rows fixed by a symmetry that leaves the training set invariant
    n_train : int
    n_test : int
    """

    findings: tuple[Finding, ...]
    trapped: int
    n_train: int
    n_test: int

    @property
    def invariant(self) -> list[Finding]:
        """Findings of the symmetries that leave the training set invariant."""
        return [finding for finding in self.findings if finding.invariant]

    @property
    def broken(self) -> list[Finding]:
        """Findings of the other symmetries, the nearest to invariance first."""
        others = [finding for finding in self.findings if not finding.invariant]
        return sorted(others, key=lambda finding: finding.moved_outside)

    def facts(self) -> dict[str, Any]:
        """Summary for a record, in a few columns."""
        names = [finding.name for finding in self.invariant]
        listed = ", ".join(names[:NAMES]) + (", …" if len(names) > NAMES else "")
        return {
            "audit_symmetries": len(self.findings),
            "audit_invariant": len(names),
            "audit_invariant_names": listed,
            "audit_nearest": self.broken[0].kept if self.broken else None,
            "audit_fixed_in_test": self.trapped,
        }


def audit(task: Task, split: Split, symmetries: Sequence[Symmetry] | None = None) -> Audit:
    """Measure how far each symmetry of a task leaves a training set invariant.

    Parameters
    ----------
    symmetries   symmetries to examine, except the identity; None: all label-preserving ones that
                 the task claims
    """
    chosen = task.symmetries() if symmetries is None else symmetries
    moving = [g for g in chosen if not fixed_points(g.coordinates).all()]
    n = len(split.train)
    labels = np.full(len(task.labels), -1)  # −1: does not train
    labels[split.train] = given = split.labels_of(task)
    findings: list[Finding] = []
    trapped = np.zeros(len(split.test), dtype=bool)
    for start in range(0, len(moving), AT_A_TIME):
        some = moving[start : start + AT_A_TIME]
        images = task.row_permutations(some, split.train)
        expected = np.array([g.labels for g in some])[:, given]
        kept = (labels[images] == expected).sum(axis=1)
        fixed_train = (images == split.train).sum(axis=1)
        fixes_test = task.row_permutations(some, split.test) == split.test
        trapped |= fixes_test[kept == n].any(axis=0)
        counts = zip(some, kept, fixes_test.sum(axis=1), fixed_train, strict=True)
        findings += [
            Finding(g.name, n - int(k), int(k) / n, int(on_test), int(on_train))
            for g, k, on_test, on_train in counts
        ]
    return Audit(tuple(findings), int(trapped.sum()), n, len(split.test))
