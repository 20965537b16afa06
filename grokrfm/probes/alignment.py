"""Alignment of M with the reflections of the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from grokrfm.algebra import Group
from grokrfm.checks import SettingError
from grokrfm.probes.predicted import Predicted
from grokrfm.probes.probe import History, Numbers, Probe, Run, Summary, UnboundProbe
from grokrfm.rfm import Step
from grokrfm.tasks import reflections


@dataclass(frozen=True)
class Alignment(UnboundProbe):
    """Cosine of the off-diagonal blocks of M with those of Π(sr^k), for every k.

    A reflection that M encodes appears with a negative sign: on the split without Fix(sr^k),
    M ∝ I − Π(sr^k), centred per block, and the cosine is −√(1 − 1/n). The best match is therefore
    the k of the smallest cosine. It is undefined while the blocks are 0, as in M₀ = I.

    `alignment` is the smallest cosine and `alignment_next` that of the next best k.
    `best_reflection` is k itself if the elements are integers, otherwise its index in the order of
    the elements (in a product: mixed radix, the last coordinate fastest). `best_is_held_out` is 1
    if the split lists that reflection, else 0; only for splits that list some. The summary holds
    `best_reflection_name`, such as "sr^3", of the last iteration.

    Parameters
    ----------
    reflections   group elements k whose cosine is recorded too, as `alignment_sr^k`

    Source: arXiv:2604.00316, section 5.
    """

    reflections: Sequence[Any]

    def __post_init__(self) -> None:
        if not isinstance(self.reflections, (list, tuple)):
            raise SettingError(
                "reflections",
                f"must be a list of group elements, or [] for none, got {self.reflections!r}",
            )

    def bind(self, run: Run) -> Probe:
        group, family = run.task.group, reflections(run.task)
        try:
            kept = [group.index(element) for element in self.reflections]
        except ValueError as error:
            raise SettingError("reflections", f"{error}; write a list of elements") from error
        return _Cosines(
            torch.stack([torch.as_tensor(reflection.coordinates) for reflection in family]),
            torch.tensor([_number(group, k) for k in range(group.order)], dtype=torch.float64),
            [reflection.name for reflection in family],
            kept,
            [group.index(k) for k in getattr(run.splitter, "reflections", ())],
        )


@dataclass(frozen=True, eq=False)
class _Cosines(Probe):
    needs_all_rows: ClassVar[bool] = False

    coordinates: Tensor  # (n, d): row k is the image of each coordinate under sr^k
    elements: Tensor  # (n,): the number recorded for each k
    names: Sequence[str]
    kept: Sequence[int]
    held_out: Sequence[int]

    def measure(self, step: Step, train: Predicted, test: Predicted) -> Numbers:
        M = step.M
        n, d = self.coordinates.shape
        of_each = M.gather(0, self.coordinates.to(M.device)).sum(dim=1)  # ⟨M, Π(sr^k)⟩
        # Π(sr^k) lies in the off-diagonal blocks, has d ones, and M is symmetric
        cosines = of_each / (M[n:, :n].norm() * (2 * d) ** 0.5)
        smallest, which = cosines.topk(2, largest=False)
        best = self.elements.to(M.device)[which[0]]
        is_held_out = torch.isin(which[0], torch.tensor(self.held_out, device=M.device)).double()
        return {
            **({"best_is_held_out": is_held_out} if self.held_out else {}),
            "alignment": smallest[0],
            "alignment_next": smallest[1],
            "best_reflection": torch.where(smallest[0].isfinite(), best, torch.nan),
            **{f"alignment_{self.names[k]}": cosines[k] for k in self.kept},
        }

    def summarise(self, history: History) -> Summary:
        recorded = [None, *history.get("best_reflection", [])][-1]
        if recorded is None:
            return {"best_reflection_name": None}
        return {"best_reflection_name": self.names[self.elements.tolist().index(recorded)]}


def _number(group: Group, index: int) -> int:
    """Return an element as a number: itself if it is an integer, else its index."""
    element = group.elements[index]
    return element if isinstance(element, int) else index
