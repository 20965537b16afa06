"""Measurement: the probes of one run, ready to measure its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokrfm.checks import setting_prefix
from grokrfm.probes import Probe
from grokrfm.probes.predicted import Mean, Predicted
from grokrfm.probes.probe import Numbers, Run
from grokrfm.rfm import Examples, Step
from grokrfm.runs.record import Number


class Measurement:
    """Probes bound to one run.

    Parameters
    ----------
    probes   name → probe

    Attributes
    ----------
    needs_condition : bool   True if a probe needs the condition number of K
    needs_features : bool    True if a probe needs all feature matrices at the end

    Raises
    ------
    SettingError   naming the probe that has no meaning for the run
    """

    def __init__(self, probes: Mapping[str, Probe], run: Run) -> None:
        self._probes: list[Probe] = []
        for name, probe in probes.items():
            with setting_prefix(f"probe.{name}"):
                self._probes.append(probe.bind(run))
        self.needs_condition = any(probe.needs_condition for probe in self._probes)
        self.needs_features = any(probe.needs_features for probe in self._probes)

    @torch.inference_mode()
    def of(self, step: Step, train: Examples, test: Examples) -> Numbers:
        """Measure a step."""
        sample = step.sample(train, test)
        some = every = _with_outputs(*sample)
        if sample[0] is not step and any(probe.needs_all_rows for probe in self._probes):
            every = _with_outputs(step, train, test)
        measured: Numbers = {}
        for probe in self._probes:
            measured |= probe.measure(*(every if probe.needs_all_rows else some))
        return measured

    def hindsight(self, matrices: Sequence[np.ndarray]) -> dict[str, list[float]]:
        """Return the numbers that only the whole run tells, from M_0 … M_K."""
        numbers: dict[str, list[float]] = {}
        for probe in self._probes:
            if probe.needs_features:
                numbers |= probe.hindsight(matrices)
        return numbers

    def summarise(self, history: Mapping[str, list[Any]]) -> dict[str, Number]:
        """Return the numbers of the run as a whole."""
        summary: dict[str, Number] = {}
        for probe in self._probes:
            summary |= probe.summarise(history)
        return summary


@torch.inference_mode()
def fetched(measured: Sequence[Numbers]) -> list[dict[str, Number]]:
    """Return the numbers measured of some runs; they come in one transfer from the device.

    All means over the same rows are one product.
    """
    every = [value for numbers in measured for value in numbers.values()]
    parts = [value.to(torch.float64).view(1) for value in every if isinstance(value, Tensor)]
    size, first = len(parts), {}  # place of the first mean of some values
    for means in _by_masks(every):
        values = torch.stack([mean.values for mean in means]).to(torch.float64)
        masks = means[0].masks
        parts.append((values @ masks / masks.sum(dim=0)).flatten())
        for mean in means:
            first[id(mean.values)] = size
            size += masks.shape[1]
    flat = torch.cat(parts).tolist() if parts else []
    scalars = iter(flat)

    def number(value: Tensor | Mean | Number) -> Number:
        if isinstance(value, Mean):
            return flat[first[id(value.values)] + value.column]
        return next(scalars) if isinstance(value, Tensor) else value

    return [{name: number(value) for name, value in numbers.items()} for numbers in measured]


def _with_outputs(step: Step, train: Examples, test: Examples) -> tuple[Step, Predicted, Predicted]:
    return step, Predicted(train, step.train_outputs), Predicted(test, step.test_outputs)


def _by_masks(values: Sequence[object]) -> list[list[Mean]]:
    """Means of different values, those over the same rows together."""
    groups: dict[int, dict[int, Mean]] = {}
    for value in values:
        if isinstance(value, Mean):
            groups.setdefault(id(value.masks), {})[id(value.values)] = value
    return [list(group.values()) for group in groups.values()]
