"""Expectations of a study: numbers that its source reports, and the range that agrees with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.checks import nearest
from grokrfm.collect.columns import is_share, names
from grokrfm.collect.intervals import mean_interval, symmetric, wilson
from grokrfm.collect.presets import PresetError, load, refuse_unknown
from grokrfm.collect.select import where

REDUCTIONS: Mapping[str, Callable[[np.ndarray], Any]] = {
    "mean": np.mean,
    "median": np.median,
    "smallest": np.min,
    "largest": np.max,
}
STATISTICS = (*REDUCTIONS, "share")


@dataclass(frozen=True)
class Expectation:
    """One reported number of a study.

    Parameters
    ----------
    claim       what is expected, in words
    number      column of `collect.runs`; for a share, a condition on runs
    of          condition on the runs that count; empty: all
    statistic   mean, median, smallest, largest, or share (of the runs that meet the condition)
    reported    as the source gives it
    low, high   ends of the range that agrees with it; None: open; both None: only measured
    runs        fewest finished runs for a verdict
    """

    claim: str
    number: str
    of: str
    statistic: str
    reported: str
    low: float | None
    high: float | None
    runs: int

    @property
    def accepted(self) -> str:
        """The accepted range, in words."""
        if self.low is None and self.high is None:
            return "–"
        if self.low is None:
            return f"at most {self.high:.3g}"
        if self.high is None:
            return f"at least {self.low:.3g}"
        return f"{self.low:.3g} to {self.high:.3g}"

    def holds(self, value: float) -> bool:
        """True if a value lies in the accepted range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Finding:
    """Records compared with an expectation.

    Parameters
    ----------
    value       the statistic; NaN without a run
    low, high   95 % interval (Wilson's of a share of runs); NaN where there is none
    n, planned  finished runs that have the number, and planned runs that should
    """

    expectation: Expectation
    value: float
    low: float
    high: float
    n: int
    planned: int

    @property
    def verdict(self) -> str:
        """agrees, differs, or cannot tell; – if nothing is expected.

        It cannot tell if runs are missing, or if the value lies outside of the accepted range but
        its interval reaches into it.
        """
        expected = self.expectation
        if self.n < expected.runs or math.isnan(self.value):
            return "cannot tell"
        if expected.low is None and expected.high is None:
            return "–"
        if expected.holds(self.value):
            return "agrees"
        nearest_value = min(
            max(self.value, -math.inf if expected.low is None else expected.low),
            math.inf if expected.high is None else expected.high,
        )
        return "cannot tell" if self.low <= nearest_value <= self.high else "differs"

    @property
    def measured(self) -> str:
        """The value with its interval and the number of runs, as tables show it."""
        if math.isnan(self.value):
            return f"– (n={self.n} of {self.planned})"
        count = f"n={self.n}" if self.n == self.planned else f"n={self.n} of {self.planned}"
        if self.expectation.statistic == "share":
            hits = round(self.value * self.n)
            return f"{hits} of {self.n} [{self.low:.2f}, {self.high:.2f}] ({count})"
        if math.isnan(self.low) or self.low == self.high:
            return f"{self.value:.3g} ({count})"
        if symmetric(self.value, self.low, self.high):
            return f"{self.value:.3g} ± {self.high - self.value:.2g} ({count})"
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}] ({count})"


@dataclass(frozen=True)
class Sheet:
    """Expectations of one study.

    Parameters
    ----------
    title, note   heading and remarks in words, for a page
    """

    title: str
    note: str
    expectations: Sequence[Expectation]


def sheet(study: str, folders: Sequence[Path] = ()) -> Sheet:
    """Read the expectations of a study, conf/expectation/STUDY.yaml.

    Raises
    ------
    PresetError   naming the file and the entry
    """
    preset = load("expectation", study, folders)
    about = f"expectation {study}"
    refuse_unknown(preset, ("title", "note", "expectations"), about)
    listed = preset.get("expectations")
    if not isinstance(listed, list) or not listed:
        raise PresetError(f"{about}: expectations must be a list with at least one entry")
    found = [_expectation(entry, f"{about}, entry {k}") for k, entry in enumerate(listed, 1)]
    return Sheet(str(preset.get("title") or study), str(preset.get("note") or ""), found)


def findings(runs: pd.DataFrame, expectations: Sequence[Expectation]) -> Iterator[Finding]:
    """Compare expectations with a frame of `collect.runs`."""
    for expected in expectations:
        yield _finding(where(runs, expected.of), expected)


def _finding(runs: pd.DataFrame, expected: Expectation) -> Finding:
    finished = runs[runs["status"] == "finished"]
    if expected.statistic == "share":
        n = len(finished)
        if not n:
            return Finding(expected, math.nan, math.nan, math.nan, 0, len(runs))
        hits = len(where(finished, expected.number))
        return Finding(expected, hits / n, *wilson(hits, n), n, len(runs))
    if expected.number not in runs:
        raise PresetError(
            f"{expected.claim}: no run has {expected.number!r}; "
            f"{nearest(expected.number, names(runs))}"
        )
    values = pd.to_numeric(finished[expected.number], errors="coerce").dropna().to_numpy(float)
    if not len(values):
        return Finding(expected, math.nan, math.nan, math.nan, 0, len(runs))
    value = float(REDUCTIONS[expected.statistic](values))
    ends = (math.nan, math.nan)
    if expected.statistic == "mean":
        ends = mean_interval(values, share=is_share(expected.number))
    return Finding(expected, value, *ends, len(values), len(runs))


def _expectation(entry: Any, about: str) -> Expectation:
    if not isinstance(entry, dict):
        raise PresetError(f"{about}: must be a mapping, got {entry!r}")
    refuse_unknown(entry, [field.name for field in fields(Expectation)], about)
    given: Mapping[str, Any] = {"of": "", "low": None, "high": None, "runs": 1, **entry}
    for field in fields(Expectation):
        if field.name not in given:
            raise PresetError(f"{about}: {field.name} must be given")
    if given["statistic"] not in STATISTICS:
        raise PresetError(f"{about}: statistic: {nearest(str(given['statistic']), STATISTICS)}")
    for end in ("low", "high"):
        if not (given[end] is None or isinstance(given[end], (int, float))):
            raise PresetError(f"{about}: {end} must be a number, got {given[end]!r}")
    if type(given["runs"]) is not int or given["runs"] < 1:
        raise PresetError(f"{about}: runs must be a number of runs, got {given['runs']!r}")
    text = {key: str(given[key]) for key in ("claim", "number", "of", "reported")}
    return Expectation(**{**given, **text})
