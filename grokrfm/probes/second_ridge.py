"""Agreement of the predictions with those of a run with a second ridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from grokrfm.checks import NumericsError, SettingError, not_negative
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run, UnboundProbe
from grokrfm.rfm import Step, SymmetricRFM


@dataclass(frozen=True)
class SecondRidge(UnboundProbe):
    """Predictions beside those of the same run with another ridge: what both say is no rounding.

    `test_agreement` is the share of test points that both predict alike, `test_accuracy_agreed`
    that of points which both predict right; overall and per stratum. NaN once the second run has
    failed. It is computed alongside, so that time and memory double.

    Parameters
    ----------
    ridge : float   of the second run
    """

    ridge: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "ridge", not_negative("ridge", self.ridge))

    def bind(self, run: Run) -> Probe:
        if isinstance(run.rfm, SymmetricRFM):
            raise SettingError("ridge", "needs all rows of the training set: choose rfm=default")
        if self.ridge == run.rfm.ridge:
            raise SettingError("ridge", f"is that of the run ({self.ridge:g}); choose another")
        return _Agreement(run, self.ridge)


class _Agreement(Probe):
    def __init__(self, run: Run, ridge: float) -> None:
        self._run = run
        self._rfm = replace(run.rfm, ridge=ridge, stop_change=None)
        self._steps: Iterator[Step] = iter(())
        self._next = -1

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        outputs = self._outputs(step)
        if outputs is None:
            alike = right = torch.full_like(test.gap, torch.nan)
        else:
            alike = outputs.argmax(dim=-1) == test.outputs.argmax(dim=-1)
            right = alike & test.right
        return {**test.means("test_agreement", alike), **test.means("test_accuracy_agreed", right)}

    def _outputs(self, step: Step) -> Tensor | None:
        """Outputs of the second run at the iteration of a step; from its start if it is behind."""
        if self._next != step.iteration:
            self._steps = self._run.steps(step.M.device, rfm=self._rfm)
        try:
            for second in self._steps:
                self._next = second.iteration + 1
                if second.iteration == step.iteration:
                    return second.test_outputs
        except NumericsError:
            pass
        self._next = step.iteration + 1
        return None
