"""Command `grokrfm-audit`: predictions from the symmetry of a split, before any run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra import Symmetry, fixed_points
from grokrfm.algebra.discover import discover
from grokrfm.checks import integer, setting_prefix
from grokrfm.command import run_command
from grokrfm.config import build, compose, readable_hydra_errors
from grokrfm.runs.settings import Settings
from grokrfm.splits import Split, Splitter, audit
from grokrfm.splits.audit import Finding
from grokrfm.splits.predictions import predictions
from grokrfm.tasks import Task
from grokrfm.text import printable

LISTED = 12  # symmetries of a kind, and operands of a permutation


def main() -> None:
    """Run the command; a user's mistake ends in its message and exit code 1."""
    run_command(_print)


def _print() -> None:
    arguments = _parser().parse_args()
    with readable_hydra_errors():
        folders = [Path(folder) for folder in arguments.config_dir]
        settings = compose(arguments.overrides, folders)
    if arguments.discover:
        lines = _discovery(build(settings["task"], Task, "task"))
    else:
        task = build(settings["task"], Task, "task")
        lines = _audit(task, _split(settings, task), arguments.labels)
    for line in lines:
        sys.stdout.write(f"{printable(line)}\n")


def _split(settings: Settings, task: Task) -> Split:
    splitter = build(settings["split"], Splitter, "split")
    rng = np.random.default_rng(integer("seed", settings["seed"], minimum=0))
    with setting_prefix("split"):
        return splitter.split(task, rng)


def _audit(task: Task, split: Split, labels: bool) -> Iterator[str]:
    everything = [g for family in task.families.values() for g in family]
    found = audit(task, split, everything if labels else None)
    permuting = [g for g in everything if (g.labels != np.arange(task.classes)).any()]
    invariant = [] if labels else audit(task, split, permuting).invariant
    yield f"{task.title}: {found.n_train} rows train, {found.n_test} test"
    kind = "symmetries" if labels else "label-preserving symmetries"
    yield f"{len(found.findings)} {kind} are claimed besides the identity"
    yield f"{len(found.invariant)} leave the training set invariant"
    yield from _table(found.invariant)
    if found.broken:
        yield f"{len(found.broken)} do not; the nearest to invariance first"
        yield from _table(found.broken)
    if invariant:
        yield f"{len(invariant)} that permute labels leave it invariant too (--labels lists them)"
    yield "predictions"
    yield from (f"  {sentence}" for sentence in predictions(found, invariant))


def _table(findings: list[Finding]) -> Iterator[str]:
    if findings:
        yield f"  {'symmetry':20}  {'training rows kept':>20}  fixed: in test  in training"
    for f in findings[:LISTED]:
        yield f"  {f.name:20}  {_percent(f):>20}  {f.fixed_test:>14}  {f.fixed_train:>11}"
    if len(findings) > LISTED:
        yield f"  … {len(findings) - LISTED} more"


def _percent(finding: Finding) -> str:
    if finding.invariant:
        return "100 %"
    return f"{min(finding.kept, 0.9999):.2%}".replace("%", f" % ({finding.moved_outside} missing)")


def _discovery(task: Task) -> Iterator[str]:
    n = task.order
    tables = task.labels.reshape(task.operations, n, n)
    # a permutation that preserves every table preserves the table of their joint labels
    joint = np.asarray(np.ravel_multi_index(tuple(tables), (task.classes,) * task.operations))
    found = discover(joint.astype(np.int64))
    yield f"{task.title}: {found.order} permutations of the operands' coordinates keep every label"
    yield f"the task claims {len(task.symmetries())} of them; generators of all"
    for g in found.generators:
        coordinates = np.concatenate([g, np.arange(2 * n, task.width)])
        symmetry = Symmetry("discovered", coordinates, np.arange(task.classes))
        fixed = int(fixed_points(task.row_permutation(symmetry)).sum())
        yield f"  {_mapping(task, g)}  ({fixed} fixed points)"
    if not found.generators:
        yield "  none: the identity is the only one"


def _mapping(task: Task, g: NDArray[np.int64]) -> str:
    """Text of a permutation of the operands, such as a: 0→1 1→0; fixed operands are omitted."""
    n = task.order
    first, second = _images(task, g[:n] % n), _images(task, g[n:] % n)
    return f"a to b: {first}; b to a: {second}" if g[0] >= n else f"a: {first}; b: {second}"


def _images(task: Task, images: NDArray[np.int64]) -> str:
    moved = [i for i, image in enumerate(images) if i != image]
    written = [f"{task.group.written(i)}→{task.group.written(int(images[i]))}" for i in moved]
    more = " …" if len(written) > LISTED else ""
    return (" ".join(written[:LISTED]) or "unchanged") + more


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-audit",
        description="Lists the symmetries of the task that a training set has, and predicts their"
        " effect. Nothing is run.",
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="SETTING", help="as for grokrfm: task=addition seed=1 …"
    )
    parser.add_argument(
        "--labels", action="store_true", help="include the symmetries that permute labels"
    )
    parser.add_argument(
        "--discover",
        action="store_true",
        help="search instead for all permutations of the operands that keep every label",
    )
    parser.add_argument(
        "--config-dir", action="append", default=[], metavar="FOLDER", help="your own config folder"
    )
    return parser
