"""Statistics of a sample of runs: an estimate with its uncertainty, as numbers and as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from grokrfm.checks import GrokrfmError, nearest

LEVEL = 0.95
RESAMPLES = 10_000
BATCH = 500  # resamples drawn at once; 40 MB for a cell of 10,000 runs
EXACTLY_EQUAL = 1e-12  # products of survival probabilities are compared up to rounding

Numbers = Mapping[str, float]


class StatisticError(GrokrfmError):
    """Request for a statistic that does not exist."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One number of several runs.

    Parameters
    ----------
    values : (n,)     the number of every run that has one
    unreached : (m,)  for a time, the runs that did not reach it: last iteration observed, infinite
                      for a run that can never reach it
    """

    values: np.ndarray
    unreached: np.ndarray

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
    """

    name: str
    about: str
    compute: Callable[[Sample], Numbers]
    text: str
    text_alone: str

    @property
    def is_time(self) -> bool:
        """True if runs that did not reach the number count too."""
        return self.name == "time"


def named(name: str) -> Statistic:
    """Return the statistic of a name: mean, bootstrap, median, range, share=THRESHOLD or time.

    Raises
    ------
    StatisticError   for an unknown name, with the nearest one
    """
    kind, has_argument, argument = name.partition("=")
    if kind == "share":
        try:
            return _share(float(argument))
        except ValueError:
            raise StatisticError(
                f"statistic {name!r} needs a number as threshold; share=0.9 is the share of runs"
                " of at least 0.9"
            ) from None
    if kind in PLAIN and not has_argument:
        return PLAIN[kind]
    raise StatisticError(f"unknown statistic {name!r}; {nearest(name, NAMES)}")


def student(values: np.ndarray) -> float:
    """Half width of Student's 95 % interval of the mean; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return math.nan
    if np.all(values == values[0]):
        return 0.0  # by rounding, their standard deviation could be 1e-17
    return float(half_width(values.std(ddof=1) / math.sqrt(n), n))


def half_width(sem: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Half width of Student's 95 % interval from standard errors of the mean and sample sizes."""
    from scipy import stats

    return np.asarray(stats.t.ppf((1 + LEVEL) / 2, np.asarray(n) - 1) * np.asarray(sem))


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean by the bootstrap; NaN for fewer than two values.

    Expanded percentile interval: percentiles of the resampled means, at levels that correct the
    narrow plain interval of small samples. The interval stays within the range of the data, so a
    share stays within 0 and 1. Every call draws the same resamples, for any order of the values.

    Source: Hesterberg, What teachers should know about the bootstrap, 2015, section 3.3.
    """
    n = len(values)
    if n < 2:
        return math.nan, math.nan
    from scipy import stats

    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf((1 + LEVEL) / 2, n - 1))
    low, high = stats.bootstrap(
        (np.sort(values),),
        np.mean,
        n_resamples=RESAMPLES,
        batch=BATCH,
        confidence_level=1 - 2 * tail,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(low), float(high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share; n is at least 1."""
    from scipy import stats

    low, high = stats.binomtest(hits, n).proportion_ci(LEVEL, method="wilson")
    return float(low), float(high)


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
    half = student(sample.values)
    mean = float(sample.values.mean())
    return {"": mean, "interval": half, "low": mean - half, "high": mean + half}


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
        hits = int((sample.values >= threshold).sum())
        low, high = wilson(hits, len(sample))
        return {"": hits / len(sample), "low": low, "high": high}

    about = f"share of runs of at least {threshold:g} [Wilson's 95 % interval]"
    return Statistic(f"share={threshold:g}", about, compute, "{} [{low}, {high}]", "{}")


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
        Statistic("mean", "mean ± Student's 95 % interval", _mean, "{} ± {interval}", "{}"),
        Statistic(
            "bootstrap", "mean [bootstrapped 95 % interval]", _bootstrap, "{} [{low}, {high}]", "{}"
        ),
        Statistic("median", "median [quartiles]", _median, "{} [{low}, {high}]", "{}"),
        Statistic("range", "smallest – largest", _range, "{low} – {high}", "{}"),
        Statistic(
            "time",
            "median time (Kaplan–Meier); share that reached it [Wilson's 95 % interval]",
            _time,
            "{}; {reached} [{reached_low}, {reached_high}]",
            "{}",
        ),
    )
}
NAMES = (*PLAIN, "share=THRESHOLD")
