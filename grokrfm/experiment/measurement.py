"""Measurement: the probes of one run, ready to measure its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from grokrfm.checks import setting_prefix
from grokrfm.probes import Probe
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

    def of(self, step: Step, train: Examples, test: Examples) -> Numbers:
        """Measure a step."""
        all_rows, sample = (step, train, test), step.sample(train, test)
        measured: Numbers = {}
        for probe in self._probes:
            measured |= probe.measure(*(all_rows if probe.needs_all_rows else sample))
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


def fetched(measured: Sequence[Numbers]) -> list[dict[str, Number]]:
    """Return the numbers measured of some runs; tensors come in one transfer from the device."""
    tensors = [
        value.to(torch.float64)
        for numbers in measured
        for value in numbers.values()
        if isinstance(value, torch.Tensor)
    ]
    found = iter(torch.stack(tensors).tolist() if tensors else ())
    return [
        {
            name: next(found) if isinstance(value, torch.Tensor) else value
            for name, value in numbers.items()
        }
        for numbers in measured
    ]
