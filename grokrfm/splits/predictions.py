"""Predictions from a symmetry audit, by the papers' findings and measurements at small p."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from grokrfm.splits.audit import Audit, Finding

NEARLY = 0.1
"""Expected number of symmetries as near on a uniform split, below which one is nearly invariant."""

FEW = 2
"""Largest test set for which the papers predict each row."""


def predictions(audit: Audit, permuting: Sequence[Finding] = ()) -> Iterator[str]:
    """Yield the expected outcomes of a run on the audited split, each with its source.

    Parameters
    ----------
    permuting   symmetries that permute labels and leave the training set invariant
    """
    if permuting:
        yield (
            f"invariant under {_names(permuting)}, which permutes labels: M stays symmetric"
            " under it (docs/symmetry.md); its effect on the test rows is open"
        )
    if audit.findings and audit.n_test <= FEW:
        yield _of_few(audit)
        return
    with_fixed = [finding for finding in audit.invariant if finding.fixed_test]
    held_out = [finding for finding in with_fixed if not finding.fixed_train]
    others = [finding for finding in audit.invariant if not finding.fixed_test]
    if held_out:
        yield (
            f"invariant under {_names(held_out)} with all its fixed points in the test set"
            f" ({audit.trapped} test rows are fixed): expect 0 % on these, for any training set of"
            " this kind (arXiv:2604.00316)"
        )
    if len(with_fixed) > len(held_out):
        mixed = [finding for finding in with_fixed if finding.fixed_train]
        yield (
            f"invariant under {_names(mixed)} with some of its fixed points in training: open;"
            " at small p, 2-20 % held out reached 100 % and 50 % exactly 0 % (measured)"
        )
    if others:
        yield (
            f"invariant under {_names(others)}, which fixes no test row: open; on Z24 at 70 %,"
            " invariance under r^12 cost nothing and under r^8 everything (measured)"
        )
    if not audit.invariant and audit.findings:
        nearest = audit.broken[0]
        if _as_near_by_chance(nearest, audit) < NEARLY:
            yield (
                f"nearly invariant under {nearest.name}, except for {nearest.moved_outside} rows:"
                " one such row is enough for the Gaussian kernel on addition to generalise;"
                " multiplication and the quadratic kernel need more (arXiv:2604.00316)"
            )
        elif not permuting:
            share = audit.n_train / (audit.n_train + audit.n_test)
            yield (
                f"invariant under no symmetry, {100 * share:.0f} % train: expect generalisation"
                " above a share of 40 to 50 % at p = 61, less for larger p (arXiv:2407.20199)"
            )
    if not audit.findings:
        yield (
            "the task claims no symmetry except the identity; grokrfm-audit --discover searches for"
            " others"
        )


def _of_few(audit: Audit) -> str:
    if audit.trapped:
        fixing = [finding for finding in audit.invariant if finding.fixed_test]
        return (
            f"all but {audit.n_test} of the rows train, and {_names(fixing)} fixes the held-out"
            " rows: expect them to be wrong (arXiv:2604.00316)"
        )
    return (
        f"all but {audit.n_test} of the rows train, and no symmetry that leaves the training set"
        " invariant fixes one of them: expect them to be right (arXiv:2604.00316)"
    )


def _as_near_by_chance(finding: Finding, audit: Audit) -> float:
    """Expected number of symmetries that miss as few rows on a uniform split of this size.

    The images of the training rows that it moves count as independent draws from all rows, under
    every symmetry.
    """
    n, p = audit.n_train - finding.fixed_train, audit.n_test / (audit.n_train + audit.n_test)
    few = range(finding.moved_outside + 1)
    terms = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(p) + (n - k) * math.log1p(-p)
        for k in few
    )  # fmt: skip
    return len(audit.findings) * sum(map(math.exp, terms))


def _names(findings: Sequence[Finding]) -> str:
    names = [finding.name for finding in findings]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
