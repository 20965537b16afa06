"""Arrays of a run that figures draw: predictions, and the group of its task."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import torch

from grokrfm.checks import SettingError
from grokrfm.probes.predicted import size_of
from grokrfm.rfm import Step
from grokrfm.runs.learner import Arrays
from grokrfm.splits import Split, Splitter
from grokrfm.tasks import Task, fixing_reflection


def predictions(task: Task, split: Split, step: Step) -> Arrays:
    """Return the predictions of an iteration for every row of the table, N in all.

    rows : (N,) int          of the table; tables of several operations follow each other
    operands : (N, 2) int    the element indices of a and b
    labels : (N,) int        the true class
    training : (N,) bool     True for training rows, False for test rows
    predicted : (N,) int     the class with the largest output
    lead : (N,) float        difference between its output and the second largest
    size : () float          of the outputs on the test rows, by which ties are judged
    """
    rows = np.concatenate([split.train, split.test])
    highest, classes = torch.cat([step.train_outputs, step.test_outputs]).topk(2, dim=1)
    lead = highest[:, 0] - highest[:, 1]
    return {
        "rows": rows,
        "operands": task.pairs[rows],
        "labels": task.labels[rows],
        "training": np.arange(len(rows)) < len(split.train),
        "predicted": classes[:, 0].cpu().numpy(),
        "lead": lead.to(torch.float64).cpu().numpy(),
        "size": size_of(step.test_outputs).to(torch.float64).cpu().numpy(),
    }


def reflections(task: Task, splitter: Splitter) -> Arrays:
    """Return the group of a task, and its reflections if it has some.

    elements : (n,) str              the group's elements as users write them
    logarithms : (n,) int            their discrete logarithms, if the group is cyclic
    fixing_reflection : (n, n) int   k whose sr^k fixes the pair (a, b)
    held_out : (r,) int              k of the reflections whose fixed points are held out
    """
    group, held_out = task.group, getattr(splitter, "reflections", ())
    arrays = {"elements": np.array([group.written(k) for k in range(group.order)])}
    if (found := task.logarithms) is not None:
        arrays["logarithms"] = found
    with suppress(SettingError):
        arrays |= {
            "fixing_reflection": fixing_reflection(task),
            "held_out": np.array([group.index(element) for element in held_out], dtype=int),
        }
    return arrays
