"""Rows of one side of a split with the outputs there, and means over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from grokrfm.rfm import Examples

SMALLEST = 1e-8
"""Size below which outputs are rounding: the square root of the precision of float64."""


class Mean(NamedTuple):
    """Mean of one value per row: a number that is computed with all others by one product.

    Parameters
    ----------
    values : (m,)
    masks : (m, k)   1 for the rows of each mean, 0 for the others
    column : int     the mask of this one
    """

    values: Tensor
    masks: Tensor
    column: int


@dataclass(frozen=True, eq=False)
class Predicted:
    """Examples of a run and the outputs (m, c) of its predictor there.

    What several probes read is computed once.
    """

    examples: Examples
    outputs: Tensor

    @property
    def labels(self) -> Tensor:
        return self.examples.labels

    @property
    def strata(self) -> Mapping[str, Tensor]:
        return self.examples.strata

    def means(self, name: str, values: Tensor) -> dict[str, Mean]:
        """Mean of (m,) values, and as `name_stratum` that of each stratum (NaN if empty)."""
        names = [name, *(f"{name}_{stratum}" for stratum in self.strata)]
        masks = self.examples.masks
        return {name: Mean(values, masks, column) for column, name in enumerate(names)}

    @cached_property
    def right(self) -> Tensor:
        """(m,) true where the class with the largest output is the label."""
        return self._largest[1] == self.labels

    @cached_property
    def gap(self) -> Tensor:
        """(m,) difference of the two largest outputs."""
        largest, predicted = self._largest
        others = self.outputs.scatter(-1, predicted[..., None], -torch.inf)
        return largest - others.amax(dim=-1)

    @cached_property
    def lead(self) -> Tensor:
        """(m,) lead of the true class over the best other class; negative if it trails."""
        true = self.outputs.gather(-1, self.labels[..., None]).squeeze(-1)
        return torch.where(self.right, self.gap, true - self._largest[0])

    @cached_property
    def size(self) -> Tensor:
        return size_of(self.outputs)

    def leads(self, least: float) -> Tensor:
        """(m,) true where the true class leads by more than `least` of `size`."""
        return self.lead > least * self.size[..., None]

    def ties(self, most: float) -> Tensor:
        """(m,) true where the two largest outputs are closer than `most` of `size`."""
        return self.gap < most * self.size[..., None]

    @cached_property
    def squared_errors(self) -> Tensor:
        """(m,) mean over classes of the squared difference from one-hot targets."""
        errors = self.outputs.scatter(-1, self.labels[..., None], -1, reduce="add")
        return errors.square_().mean(dim=-1)

    @cached_property
    def _largest(self) -> tuple[Tensor, Tensor]:
        largest, predicted = self.outputs.max(dim=-1)
        return largest, predicted


def size_of(outputs: Tensor) -> Tensor:
    """() largest absolute output of (m, c), by which ties are judged; at least SMALLEST."""
    return outputs.abs().amax(dim=(-2, -1)).clamp(min=SMALLEST)
