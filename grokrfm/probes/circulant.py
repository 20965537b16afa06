"""Deviation of the block of M that pairs the two operands from circulant form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run, UnboundProbe
from grokrfm.rfm import Step
from grokrfm.tasks import fixing_reflection


@dataclass(frozen=True)
class Circulant(UnboundProbe):
    """`circulant_deviation`: Σ (C − the mean of its class)² / ‖C‖², C the off-diagonal block of M.

    Entries (a, b) with the same a⁻¹·φ(b) form a class: they are equal in a sum of Π(sr^k). For
    addition the classes are the diagonals, and this is the published number (shift row i by i, then
    deviations from the mean of each column); for subtraction the antidiagonals; for × and ÷ one or
    the other with both operands in the order of their discrete logarithms; for products of cyclic
    groups the same at every level. The deviation is 0 if C is a sum of Π(sr^k) and near 1 if C is
    noise. It is undefined while C = 0, as in M₀ = I.

    Source: arXiv:2407.20199, "circulant deviation".
    """

    def bind(self, run: Run) -> Probe:
        return _Deviation(torch.as_tensor(fixing_reflection(run.task)))


@dataclass(frozen=True, eq=False)
class _Deviation(Probe):
    needs_all_rows: ClassVar[bool] = False

    classes: Tensor  # (n, n): class of the pair (a, b)

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        n = len(self.classes)
        C, classes = step.M[:n, n:].flatten(), self.classes.to(step.M.device).flatten()
        means = C.new_zeros(n).index_add_(0, classes, C) / n
        return {"circulant_deviation": (C - means[classes]).square().sum() / C.square().sum()}
