"""Measurement: the probes of one run, ready to measure its steps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from grokrfm.checks import setting_prefix
from grokrfm.probes import Probe
from grokrfm.probes.predicted import Mean, Predicted
from grokrfm.probes.probe import Numbers, Run
from grokrfm.rfm import Examples, Step
from grokrfm.rfm.examples import stacked
from grokrfm.runs.record import Number

Measured = tuple[Step, Predicted, Predicted]
"""Step, and both sides of the split with its outputs there."""


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
        return self.predicted(some, every)

    def predicted(self, some: Measured, every: Measured) -> Numbers:
        """Measure a step with its outputs: `every` row, or `some` that suffice for means."""
        numbers: Numbers = {}
        for probe in self._probes:
            numbers |= probe.measure(*(every if probe.needs_all_rows else some))
        return numbers

    def at_once(self, train: Examples, test: Examples) -> Hashable:
        """Key that is equal for runs that can be measured at once; None: alone."""
        if not all(probe.measures_batches for probe in self._probes):
            return None
        return tuple(self._probes), tuple(train.strata), tuple(test.strata)

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


class Flat(NamedTuple):
    """Numbers of a step as one tensor; of the steps of a batch, with one row per run.

    Parameters
    ----------
    tensor : (..., q)   those on a device
    place               name → place in the tensor
    others              name → number, of those that are no tensors
    """

    tensor: Tensor
    place: Mapping[str, int]
    others: Mapping[str, Number]

    @classmethod
    def of(cls, numbers: Numbers) -> Flat:
        """Collect the numbers of a step; all means over the same rows are one product."""
        scalars: list[Tensor] = []
        parts: list[Tensor] = []
        place: dict[str, int] = {}
        others: dict[str, Number] = {}
        groups: dict[int, dict[int, Mean]] = {}
        for name, value in numbers.items():
            if isinstance(value, Mean):
                groups.setdefault(id(value.masks), {})[id(value.values)] = value
            elif isinstance(value, Tensor):
                place[name] = len(scalars)
                scalars.append(value.to(torch.float64))
            else:
                others[name] = value
        if scalars:
            parts.append(torch.stack(scalars, dim=-1))
        size, first = len(scalars), {}
        for group in groups.values():
            masks = next(iter(group.values())).masks
            values = torch.stack([mean.values for mean in group.values()], dim=-2)
            means = values.to(torch.float64) @ masks / masks.sum(dim=-2, keepdim=True)
            parts.append(means.flatten(-2))
            for key in group:
                first[key] = size
                size += masks.shape[-1]
        for name, value in numbers.items():
            if isinstance(value, Mean):
                place[name] = first[id(value.values)] + value.column
        return cls(torch.cat(parts, dim=-1) if parts else torch.empty(0), place, others)

    def named(self, values: Sequence[float]) -> dict[str, Number]:
        """Numbers of one run by name, given its row of the tensor."""
        return {name: values[place] for name, place in self.place.items()} | dict(self.others)


@torch.inference_mode()
def fetched(measured: Sequence[Numbers]) -> list[dict[str, Number]]:
    """Return the numbers measured of some runs; they come in one transfer from the device."""
    flats = [Flat.of(numbers) for numbers in measured]
    found = torch.cat([flat.tensor for flat in flats]).tolist() if flats else []
    ends = accumulate((len(flat.tensor) for flat in flats), initial=0)
    return [flat.named(found[end:]) for flat, end in zip(flats, ends, strict=False)]


class BatchMeasurement:
    """Measurements of the runs of a batch, made at once if every probe can.

    Parameters
    ----------
    runs   the measurement of every run, and both sides of its split
    """

    def __init__(self, runs: Mapping[int, tuple[Measurement, Examples, Examples]]) -> None:
        self._runs = runs
        keys = {one.at_once(*sides) for one, *sides in runs.values()}
        self._at_once = len(keys) == 1 and None not in keys
        self._stacked: tuple[Sequence[int], Sequence[Examples]] = (), ()

    @torch.inference_mode()
    def of(self, steps: Mapping[int, Step]) -> list[dict[str, Number]]:
        """Measure a step of some of the runs."""
        runs = [self._runs[index] for index in steps]
        if not self._at_once or not runs:
            every = zip(runs, steps.values(), strict=True)
            return fetched([one.of(step, *sides) for (one, *sides), step in every])
        if self._stacked[0] != list(steps):
            _, *sides = zip(*runs, strict=True)
            self._stacked = list(steps), [stacked(side) for side in sides]
        outputs = (
            torch.stack([step.train_outputs for step in steps.values()]),
            torch.stack([step.test_outputs for step in steps.values()]),
        )
        train, test = map(Predicted, self._stacked[1], outputs)
        batch = next(iter(steps.values())), train, test  # the probes read nothing else of the step
        flat = Flat.of(runs[0][0].predicted(batch, batch))
        return [flat.named(row) for row in flat.tensor.tolist()]


def _with_outputs(step: Step, train: Examples, test: Examples) -> tuple[Step, Predicted, Predicted]:
    return step, Predicted(train, step.train_outputs), Predicted(test, step.test_outputs)
