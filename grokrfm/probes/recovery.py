"""Recovery of the group whose table of products a run learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from grokrfm.algebra.group_action import GroupAction
from grokrfm.checks import SettingError
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run, UnboundProbe
from grokrfm.recovery import score
from grokrfm.rfm import Step
from grokrfm.tasks import Task

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DECIMALS = 6
"""Decimals of a predicted probability."""


@dataclass(frozen=True)
class Recovery(UnboundProbe):
    """The score of grokrfm.recovery, as every model of transitions has it.

    The first operand is a state, the second an action, and the label the next state. Outputs become
    distributions: negative ones count as 0, each row is divided by its sum and rounded, so that
    classes that tie up to rounding errors do tie (no class is then predicted). The features are the
    block of M on the first operand, M being the matrix that the predictor was fitted with: I, which
    is invariant, at the start.
    """

    def bind(self, run: Run) -> Probe:
        transitions = _transitions(run.task)
        seen = np.zeros(transitions.size, dtype=bool)
        seen[run.split.train] = True
        rows = np.concatenate([run.split.train, run.split.test])
        return _Score(GroupAction(transitions.T), rows, seen.reshape(transitions.shape))


@dataclass(frozen=True, eq=False)
class _Score(Probe):
    action: GroupAction
    rows: IntArray  # (n²,) row of the table of each training and then each test output
    seen: NDArray[np.bool_]  # (n, n)

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        n = len(self.seen)
        outputs = torch.cat([step.train_outputs, step.test_outputs])
        table = np.empty((n**2, n))
        table[self.rows] = _numpy(outputs)
        predictions = _distributions(table).reshape(n, n, n)
        features = _numpy(step.M[:n, :n])
        return {**score(self.action, self.seen, None, predictions, features)}


def _transitions(task: Task) -> IntArray:
    """(n, n) label of each state and action, checked to be a group that acts regularly."""
    n = task.order
    if task.operations == 1 and task.classes == n:
        T = task.labels.reshape(n, n)
        permute = (np.sort(T, axis=0) == np.arange(n)[:, None]).all()
        if permute and (np.sort(T[0]) == np.arange(n)).all():
            # "a, then b" is the action that does the same to state 0, or none
            both = np.argsort(T[0])[T[T[0]]]
            if all((T[row] == row[both]).all() for row in T):
                return T
    raise SettingError(
        "",
        f"the table of {task.title} is not that of a group: the second operands must be all"
        " elements of a group of permutations of the first; choose addition, subtraction,"
        " multiplication, division, abelian or cayley",
    )


def _distributions(outputs: FloatArray) -> FloatArray:
    """(m, c) outputs without negative ones, each row with sum 1; uniform if nothing is left."""
    positive = outputs.clip(min=0)
    positive[~positive.any(axis=1)] = 1
    return (positive / positive.sum(axis=1, keepdims=True)).round(DECIMALS)


def _numpy(values: torch.Tensor) -> FloatArray:
    return values.to("cpu", torch.float64).numpy()
