"""Statistics of a sample of runs: an estimate with its uncertainty, as numbers and as text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.collect.intervals import bootstrap, mean_interval, wilson

MOST_TEXTS = 6  # that are counted one by one
EXACTLY_EQUAL = 1e-12  # products of survival probabilities are compared up to rounding

Numbers = Mapping[str, float | str]
"""Results of a statistic by name; a count of texts is a text itself."""


class StatisticError(GrokrfmError):
    """Request for a statistic that does not exist."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One number or text of several runs.

    Parameters
    ----------
    values : (n,)     the number or text of every run that has one
    unreached : (m,)  for a time, the runs that did not reach it: last iteration observed, infinite
                      for a run that can never reach it
    share : bool      True if the number is a share of points, from 0 to 1
    """

    values: np.ndarray
    unreached: np.ndarray
    share: bool = False

    def __len__(self) -> int:
        return len(self.values) + len(self.unreached)

    @property
    def times(self) -> np.ndarray:
        """(n + m,) times of all runs, reached or last observed."""
        return np.concatenate([self.values, self.unreached])


@dataclass(frozen=True)
class Statistic:
    """Summary of a sample.

    Parameters
    ----------
    name : str        as the user writes it, such as share=0.9
    about : str       description for captions
    compute           function of a sample that is not empty; returns numbers by name
    text : str        template of the written numbers, with {name} for each
    text_alone : str  template if the uncertainty is unknown
    text_skew : str   template if the interval is not symmetric about the mean; empty: `text`
    of_texts          True if it is one of texts, not of numbers
    """

    name: str
    about: str
    compute: Callable[[Sample], Numbers]
    text: str
    text_alone: str
    text_skew: str = ""
    of_texts: bool = False

    @property
    def is_time(self) -> bool:
        """True if runs that did not reach the number count too."""
        return self.name == "time"


def named(name: str) -> Statistic:
    """Return the statistic of a name: a key of PLAIN, or share=THRESHOLD, or share=TEXT.

    Raises
    ------
    StatisticError   for an unknown name, with the nearest one
    """
    kind, has_argument, argument = name.partition("=")
    if kind == "share":
        if not argument:
            raise StatisticError(
                f"statistic {name!r} needs a threshold or a text; share=0.9 is the share of runs of"
                " at least 0.9, share=recovered of those with that text"
            )
        try:
            return _share(float(argument))
        except ValueError:
            return _share_of_text(argument)
    if kind in PLAIN and not has_argument:
        return PLAIN[kind]
    raise StatisticError(f"unknown statistic {name!r}; {nearest(name, NAMES)}")


def survival(sample: Sample) -> Any:
    """Kaplan-Meier estimate of the share of runs that have not reached the number by a time.

    A run censored at a time counts as at risk at that time.

    Returns
    -------
    scipy's empirical distribution function: `quantiles` are the times of the sample, ascending;
    `probabilities` are the shares of runs that have not reached the number just after each time
    """
    from scipy import stats

    last = sample.times[np.isfinite(sample.times)].max(initial=0.0)  # scipy takes finite times only
    unreached = np.minimum(sample.unreached, last)
    return stats.ecdf(stats.CensoredData(uncensored=sample.values, right=unreached)).sf


def median_time(sample: Sample) -> float:
    """First time by which half of the runs have reached the number; infinite if there is none.

    Read from the survival curve, in which a run counts only while it is observed.
    """
    curve = survival(sample)
    halved = curve.quantiles[curve.probabilities <= 0.5 + EXACTLY_EQUAL]
    return float(halved[0]) if len(halved) else math.inf


def _mean(sample: Sample) -> Numbers:
    low, high = mean_interval(sample.values, share=sample.share)
    mean = float(sample.values.mean())
    return {"": mean, "interval": (high - low) / 2, "low": low, "high": high}


def _bootstrap(sample: Sample) -> Numbers:
    low, high = bootstrap(sample.values)
    return {"": float(sample.values.mean()), "low": low, "high": high}


def _median(sample: Sample) -> Numbers:
    low, median, high = np.quantile(sample.values, [0.25, 0.5, 0.75]).tolist()
    alone = len(sample) < 2
    return {"": median, "low": math.nan if alone else low, "high": math.nan if alone else high}


def _range(sample: Sample) -> Numbers:
    low, high = float(sample.values.min()), float(sample.values.max())
    alone = len(sample) < 2
    return {"": low, "low": math.nan if alone else low, "high": math.nan if alone else high}


def _share(threshold: float) -> Statistic:
    def compute(sample: Sample) -> Numbers:
        return _share_of(sample.values >= threshold)

    about = f"share of runs of at least {threshold:g} [Wilson's 95 % interval]"
    return Statistic(f"share={threshold:g}", about, compute, "{} [{low}, {high}]", "{}")


def _share_of_text(text: str) -> Statistic:
    def compute(sample: Sample) -> Numbers:
        return _share_of(sample.values == text)

    about = f"share of runs with {text} [Wilson's 95 % interval]"
    return Statistic(f"share={text}", about, compute, "{} [{low}, {high}]", "{}", of_texts=True)


def _share_of(hits: np.ndarray) -> Numbers:
    low, high = wilson(int(hits.sum()), len(hits))
    return {"": float(hits.mean()), "low": low, "high": high}


def _counts(sample: Sample) -> Numbers:
    ranked = Counter(sample.values.tolist()).most_common()
    others = sum(count for _, count in ranked[MOST_TEXTS:])
    listed = [f"{count} {text}" for text, count in ranked[:MOST_TEXTS]]
    return {"": ", ".join([*listed, *([f"{others} others"] if others else [])])}


def _time(sample: Sample) -> Numbers:
    reached = len(sample.values)
    low, high = wilson(reached, len(sample))
    return {
        "": median_time(sample),
        "reached": reached / len(sample),
        "reached_low": low,
        "reached_high": high,
    }


PLAIN: Mapping[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        Statistic(
            "mean",
            "mean ± Student's 95 % interval",
            _mean,
            "{} ± {interval}",
            "{}",
            "{} [{low}, {high}]",
        ),
        Statistic(
            "bootstrap", "mean [bootstrapped 95 % interval]", _bootstrap, "{} [{low}, {high}]", "{}"
        ),
        Statistic("median", "median [quartiles]", _median, "{} [{low}, {high}]", "{}"),
        Statistic("range", "smallest – largest", _range, "{low} – {high}", "{}"),
        Statistic(
            "time",
            "median time (Kaplan–Meier); number of runs that reached it",
            _time,
            "{}",
            "{}",
        ),
        Statistic("counts", "number of runs with each text", _counts, "{}", "{}", of_texts=True),
    )
}
NAMES = (*PLAIN, "share=THRESHOLD", "share=TEXT")
