"""Equivariance defects of M."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from grokrfm.algebra import Symmetry
from grokrfm.checks import SettingError, nearest
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import Numbers, Probe, Run, UnboundProbe
from grokrfm.rfm import Step


@dataclass(frozen=True)
class Equivariance(UnboundProbe):
    """‖Π M Πᵀ − M‖ / ‖M‖ (Frobenius) of some symmetries, as `equivariance_defect_NAME`.

    Parameters
    ----------
    symmetries   "split" (the reflections that the split lists), "all" (those of the task), or a
                 list of names, such as ["sr^0", "r^3"]
    """

    symmetries: str | Sequence[str]

    def __post_init__(self) -> None:
        listed = self.symmetries
        names = isinstance(listed, (list, tuple)) and all(isinstance(name, str) for name in listed)
        if listed not in ("split", "all") and not (names and listed):
            raise SettingError(
                "symmetries",
                f"must be split, all, or a list of names such as ['sr^0', 'r^3'], got {listed!r}",
            )

    def bind(self, run: Run) -> Probe:
        return _Defects({s.name: torch.as_tensor(s.coordinates) for s in self._chosen(run)})

    def _chosen(self, run: Run) -> list[Symmetry]:
        task = run.task
        if self.symmetries == "split":
            listed = getattr(run.splitter, "reflections", None)
            if listed is None:
                raise SettingError(
                    "symmetries",
                    "split: this split lists no reflections; name symmetries of the task, as in"
                    " ['sr^0', 'r^3'], or write all",
                )
            return [task.reflection(task.group.index(element)) for element in listed]
        known = {symmetry.name: symmetry for symmetry in task.symmetries()}
        if self.symmetries == "all":
            return list(known.values())
        for name in self.symmetries:
            if name not in known:
                hint = nearest(name, known)
                raise SettingError("symmetries", f"{task.title} has no symmetry {name}; {hint}")
        return [known[name] for name in self.symmetries]


@dataclass(frozen=True, eq=False)
class _Defects(Probe):
    needs_all_rows: ClassVar[bool] = False

    permutations: Mapping[str, Tensor]  # name → (d,), image of each coordinate

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        M, norm = step.M, step.M.norm()
        numbers = {}
        for name, permutation in self.permutations.items():
            g = permutation.to(M.device)
            # (Π M Πᵀ)[g(i), g(j)] = M[i, j]; the norm does not depend on the order of the entries
            numbers[f"equivariance_defect_{name}"] = (M - M[g[:, None], g]).norm() / norm
        return numbers
