"""Predictions from a symmetry audit, each with the study that measured it (docs/beyond.md)."""

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
            " under it; its effect on the test rows is open (translations: study=difference_sets)"
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
            " this kind (study=fixed_points_addition_gaussian, arXiv:2604.00316)"
        )
    if len(with_fixed) > len(held_out):
        mixed = [finding for finding in with_fixed if finding.fixed_train]
        yield (
            f"invariant under {_names(mixed)} with some of its fixed points in training: expect"
            " generalisation only where about the same share of its fixed points and of its other"
            " orbits is held out (study=trap_imbalance)"
        )
    if others:
        yield (
            f"invariant under {_names(others)}, which fixes no test row: open; rotations of order 2"
            " cost nothing; of order 3 or more nearly everything in Z12 and Z18 at 90 %, less in"
            " Z24 and Z30 at 95 %, and nothing in D12 and D15 (study=rotation_orders,"
            " study=abelian_splits, study=nonabelian_splits)"
        )
    if audit.findings and not audit.invariant and not permuting:
        nearest = audit.broken[0]
        if _as_near_by_chance(nearest, audit) < NEARLY:
            missing = nearest.moved_outside
            yield (
                f"nearly invariant under {nearest.name}, except for {missing}"
                f" row{'s' * (missing != 1)}: one such row is enough for the Gaussian kernel on"
                " addition to generalise; multiplication and the quadratic kernel need more"
                " (study=moved_points, study=moved_points_multiplication, arXiv:2604.00316)"
            )
        else:
            share = audit.n_train / (audit.n_train + audit.n_test)
            yield (
                f"invariant under no symmetry, {100 * share:.0f} % train: expect generalisation"
                " above a share of 40 to 50 % at p = 61, less for larger p (study=train_fraction,"
                " arXiv:2407.20199)"
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
            " rows: expect them to be wrong (study=all_but_two_points, arXiv:2604.00316)"
        )
    return (
        f"all but {audit.n_test} of the rows train, and no symmetry that leaves the training set"
        " invariant fixes one of them: expect them to be right (study=all_but_two_points,"
        " arXiv:2604.00316)"
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
