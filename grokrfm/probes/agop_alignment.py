"""Alignment of M with the last one learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class AgopAlignment(Probe):
    """`agop_alignment`: cosine ⟨M_t, M_K⟩ / (‖M_t‖ ‖M_K‖) with the last matrix learned.

    It is known only after the run: until then all matrices are in memory, 8·d² bytes per iteration
    (7 MB at p = 61 and 60 iterations), and in every checkpoint. A failed run has no alignment.

    Source: arXiv:2407.20199, "AGOP alignment".
    """

    needs_all_rows: ClassVar[bool] = False
    needs_features: ClassVar[bool] = True

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        return {}

    def hindsight(self, matrices: Sequence[np.ndarray]) -> Mapping[str, list[float]]:
        last = matrices[-1] / np.linalg.norm(matrices[-1])
        cosines = [float(np.vdot(M, last) / np.linalg.norm(M)) for M in matrices[:-1]]
        return {"agop_alignment": cosines}
