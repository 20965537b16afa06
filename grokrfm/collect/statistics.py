"""What a sample of runs says: an estimate with its uncertainty, as named numbers and as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from grokrfm.checks import GrokrfmError, nearest

LEVEL = 0.95
RESAMPLES = 10_000
EXACTLY_EQUAL = 1e-12  # products of survival probabilities are compared up to rounding

Numbers = Mapping[str, float]


class StatisticError(GrokrfmError):
    """A statistic was asked for that does not exist."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A number of some runs.

    Parameters
    ----------
    values : (n,)    the number of every run that has it
    unreached : (m,) for a time that some runs have not reached: how long each of those was watched
                     (infinite for one known never to reach it)
    """

    values: np.ndarray
    unreached: np.ndarray

    def __len__(self) -> int:
        return len(self.values) + len(self.unreached)


@dataclass(frozen=True)
class Statistic:
    """A way to sum a sample up.

    Parameters
    ----------
    name : str        as it is asked for, such as share=0.9
    about : str       for captions
    compute           the sample, not empty → numbers by name
    text : str        how the numbers are written, {name} standing for one
    text_alone : str  the same where the uncertainty is not known
    """

    name: str
    about: str
    compute: Callable[[Sample], Numbers]
    text: str
    text_alone: str

    @property
    def is_time(self) -> bool:
        """Whether runs that did not reach the number count too."""
        return self.name == "time"


def named(name: str) -> Statistic:
    """The statistic of a name: mean, bootstrap, median, range, share=THRESHOLD or time.

    Raises
    ------
    StatisticError   offering the nearest name
    """
    kind, has_argument, argument = name.partition("=")
    if kind == "share":
        try:
            return _share(float(argument))
        except ValueError:
            raise StatisticError(
                f"statistic {name!r}: needs a threshold, as in share=0.9 for the share of runs of"
                " at least 0.9"
            ) from None
    if kind in PLAIN and not has_argument:
        return PLAIN[kind]
    raise StatisticError(f"there is no statistic {name!r}; {nearest(name, NAMES)}")


def student(values: np.ndarray) -> float:
    """Half width of Student's 95 % interval of the mean; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return math.nan
    if np.all(values == values[0]):
        return 0.0  # equal values have no spread, and no rounding of one either
    return _student_factor(n) * float(values.std(ddof=1)) / math.sqrt(n)


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean by the bootstrap; NaN for fewer than two values.

    The expanded percentile interval: percentiles of the resampled means at levels that undo the
    narrowness of the plain ones in small samples. It stays within the data, so a share stays within
    0 and 1. The resamples are the same at every call, whatever the order of the values.

    Source: Hesterberg, What teachers should know about the bootstrap, 2015, section 3.3.
    """
    from scipy.special import ndtr

    n = len(values)
    if n < 2:
        return math.nan, math.nan
    values, generator = np.sort(values), np.random.default_rng(0)
    batches = [RESAMPLES // 100] * 100  # in batches, for a cell of thousands of runs
    means = [values[generator.integers(n, size=(batch, n))].mean(axis=1) for batch in batches]
    tail = float(ndtr(-math.sqrt(n / (n - 1)) * _student_factor(n)))
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share, of at least one."""
    from scipy.special import ndtri

    z2 = float(ndtri((1 + LEVEL) / 2)) ** 2
    centre = (hits + z2 / 2) / (n + z2)
    half = math.sqrt(z2 * (hits * (n - hits) / n + z2 / 4)) / (n + z2)
    low = 0.0 if hits == 0 else centre - half
    return low, 1.0 if hits == n else centre + half


def survival(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan and Meier's estimate of the share that has not reached the number by a time.

    Returns
    -------
    times : (k,)   at which runs reached it, ascending
    shares : (k,)  of all runs, still without it just after each time

    A run last watched at a time counts as at risk at that time.
    """
    times, reached = np.unique(sample.values, return_counts=True)
    ends = np.sort(np.concatenate([sample.values, sample.unreached]))
    at_risk = len(ends) - np.searchsorted(ends, times, side="left")
    return times, np.cumprod(1 - reached / at_risk)


def median_time(sample: Sample) -> float:
    """The first time by which half of the runs have reached the number; infinite if they have not.

    By the survival curve, so that runs watched for less time are no evidence of what came later.
    """
    times, shares = survival(sample)
    halved = np.flatnonzero(shares <= 0.5 + EXACTLY_EQUAL)
    return float(times[halved[0]]) if len(halved) else math.inf


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


def _student_factor(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + LEVEL) / 2))


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
