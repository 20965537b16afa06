"""Agreement between the correct test rows and the mirror images of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokrfm.checks import SettingError
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run, UnboundProbe
from grokrfm.rfm import EncodesReflection, Step


@dataclass(frozen=True)
class OrbitPrediction(UnboundProbe):
    """Precision and recall of "correct if and only if the mirror image trains".

    With H = {e, sr^k}, orbit = Orb_H(train) \\ train, the test rows whose mirror image trains, and
    correct = the test rows predicted correctly:

    orbit_precision = |correct ∩ orbit| / |orbit|,   orbit_recall = |correct ∩ orbit| / |correct|,

    as named by the source; None if the denominator is 0. The counts are `orbit_size`,
    `orbit_correct` = |correct ∩ orbit| and `test_correct` = |correct|.

    Parameters
    ----------
    element   the group element k, in the group's own notation; None takes that of the start

    Source: arXiv:2604.00316, section 6.
    """

    element: Any

    def bind(self, run: Run) -> Probe:
        task, train, test = run.task, run.split.train, run.split.test
        try:
            symmetry = task.reflection(task.group.index(self._element(run)))
        except ValueError as error:  # includes SettingError
            problem = error.problem if isinstance(error, SettingError) else str(error)
            raise SettingError("element", problem) from error
        mirrored = np.isin(test, task.row_permutation(symmetry)[train])
        return _Overlap(torch.as_tensor(mirrored))

    def _element(self, run: Run) -> Any:
        if self.element is not None:
            return self.element
        if isinstance(run.start, EncodesReflection) and run.start.element is not None:
            return run.start.element
        raise SettingError(
            "element",
            f"must be given, since the start ({type(run.start).__name__}) encodes no reflection",
        )


@dataclass(frozen=True, eq=False)
class _Overlap(Probe):
    orbit: Tensor  # (m,): true if the mirror image of a test row trains

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        orbit = self.orbit.to(step.M.device)
        correct = test.right.to(step.M.dtype)
        both = correct[orbit].sum()
        return {
            "orbit_precision": both / orbit.sum(),
            "orbit_recall": both / correct.sum(),
            "orbit_size": orbit.sum(),
            "orbit_correct": both,
            "test_correct": correct.sum(),
        }
