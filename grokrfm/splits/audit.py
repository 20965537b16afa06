"""The symmetry audit: which symmetries of its task a training set has, before anything is run."""

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
"""Names of symmetries that a record lists at the most."""


@dataclass(frozen=True)
class Finding:
    """What one symmetry does to a split.

    Parameters
    ----------
    name : str           of the symmetry
    moved_outside : int  training rows that it does not map to a training row with the right label
    kept : float         the fraction of training rows that it does
    fixed_test : int     its fixed points on the test side
    fixed_train : int    its fixed points on the training side
    """

    name: str
    moved_outside: int
    kept: float
    fixed_test: int
    fixed_train: int

    @property
    def invariant(self) -> bool:
        """Whether it maps the training set, labels included, onto itself."""
        return self.moved_outside == 0


@dataclass(frozen=True)
class Audit:
    """The findings for every symmetry but the identity.

    Parameters
    ----------
    findings         in the order of the symmetries
    trapped : int    test rows that a symmetry which leaves the training set invariant fixes
    n_train : int
    n_test : int
    """

    findings: tuple[Finding, ...]
    trapped: int
    n_train: int
    n_test: int

    @property
    def invariant(self) -> list[Finding]:
        """The symmetries that leave the training set invariant."""
        return [finding for finding in self.findings if finding.invariant]

    @property
    def broken(self) -> list[Finding]:
        """All others, the nearest to invariance first."""
        others = [finding for finding in self.findings if not finding.invariant]
        return sorted(others, key=lambda finding: finding.moved_outside)

    def facts(self) -> dict[str, Any]:
        """What a record keeps of it, in a few columns."""
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
    """How far each symmetry of a task is one of a training set.

    Parameters
    ----------
    symmetries   those looked at, the identity left out; None: all label-preserving ones that the
                 task claims
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
