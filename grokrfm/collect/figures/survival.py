"""Kaplan-Meier curves of the time at which runs grok, with the numbers at risk."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import Group, not_measured
from grokrfm.collect.figures.kind import Kind, looks
from grokrfm.collect.statistics import Sample, survival
from grokrfm.collect.tables import sample_of
from grokrfm.collect.words import reached

MOST_COUNTED = 8


@dataclass(frozen=True, kw_only=True)
class Survival(Kind):
    """Share of runs that have not reached a number by an iteration.

    Every finished run counts: a run that did not reach it is censored at its last iteration, marked
    by a tick. The numbers at risk are below the curves. The band is the 95 % interval (log-log),
    left out where it is undefined.

    Parameters
    ----------
    value   a column of `collect.runs` that holds an iteration, such as grok_iteration
    """

    value: str

    def draw(self, data: Data) -> Figure:
        groups = self.groups(data, [self.value])
        if "updates" not in data.runs:  # no run has finished
            raise not_measured(self.value)
        samples = [(group, sample_of(group.finished, self.value, time=True)) for group in groups]
        samples = [(group, sample) for group, sample in samples if len(sample)]
        if not samples:
            raise not_measured(self.value)
        every = np.concatenate([sample.times for _, sample in samples])
        horizon = float(max(every[np.isfinite(every)], default=1.0))
        observed = [
            (group, Sample(sample.values, np.minimum(sample.unreached, horizon)))
            for group, sample in samples
        ]
        counted = len(observed) if len(observed) <= MOST_COUNTED else 0
        width, height = self.sized(6.4, 4.0)
        figure = Figure(figsize=(width, height + 0.2 * counted), layout="constrained")
        if counted:
            axes, below = figure.subplots(2, height_ratios=[20, counted + 1.2], sharex=True)
        else:
            axes = figure.subplots()
        handles = []
        for (group, sample), look in zip(
            observed, looks([group for group, _ in observed]), strict=True
        ):
            line = _curve(axes, sample, look)
            line.set_label(group.label_of(len(sample)))
            handles.append(line)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlim(left=0, right=horizon * 1.03 + 0.5)
        style.name_y(axes, f"share of runs that have not {reached(self.value)} yet")
        style.whole_numbers(axes.xaxis)
        if counted:
            _at_risk(below, observed)
        (below if counted else axes).set_xlabel("iteration")
        self.legend(figure, handles)
        return figure


def _curve(axes: Axes, sample: Sample, look: dict[str, Any]) -> Line2D:
    shares = survival(sample)
    x = np.concatenate([[0.0], shares.quantiles])
    y = np.concatenate([[1.0], shares.probabilities])
    plain = {"color": look["color"], "linestyle": look["linestyle"]}
    [line] = axes.step(x, y, where="post", **plain)
    with warnings.catch_warnings():  # the interval is undefined at shares 0 and 1
        warnings.simplefilter("ignore", RuntimeWarning)
        band = shares.confidence_interval(0.95, method="log-log")
    low, high = (np.concatenate([[1.0], side.probabilities]) for side in (band.low, band.high))
    axes.fill_between(x, low, high, step="post", color=look["color"], alpha=0.15, linewidth=0)
    ends = np.unique(sample.unreached)
    height = np.asarray(shares.evaluate(ends))
    axes.plot(ends, height, linestyle="", marker="|", markersize=8, color=look["color"])
    return line


def _at_risk(axes: Axes, observed: Sequence[tuple[Group, Sample]]) -> None:
    """Write the number of runs at risk below every tick, one row per group."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    for row, (_, sample) in enumerate(observed):
        for tick, count in zip(ticks, at_risk(sample.times, np.array(ticks)), strict=True):
            axes.text(tick, row, str(count), ha="center", va="center", fontsize=8, color="0.1")
    names = [style.text(group.name, style.TICK) or "runs" for group, _ in observed]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.8)
    axes.set_title("at risk", loc="left", fontsize=8)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.tick_params(axis="y", pad=12)


def at_risk(times: NDArray[np.float64], ticks: NDArray[np.float64]) -> list[int]:
    """Number of runs at risk just before each tick."""
    return [int((times >= tick).sum()) for tick in ticks]
