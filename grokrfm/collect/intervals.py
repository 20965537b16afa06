"""95 % intervals of a mean and of a share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
RESAMPLES = 10_000
FEWEST_OUTCOMES = 10  # runs of 0 or 1 from which their mean is a share of runs
BATCH = 500  # resamples drawn at once; 40 MB for a cell of 10,000 runs


def student(values: np.ndarray) -> float:
    """Half width of Student's 95 % interval of the mean; NaN for fewer than two values."""
    return float(half_width(_standard_error(values), len(values)))


def _standard_error(values: np.ndarray) -> float:
    n = len(values)
    if n < 2:
        return math.nan
    if np.all(values == values[0]):
        return 0.0  # by rounding, their standard deviation could be 1e-17
    return float(values.std(ddof=1) / math.sqrt(n))


def mean_interval(values: np.ndarray, *, share: bool) -> tuple[float, float]:
    """95 % interval of a mean: Student's; NaN for fewer than two values.

    That of a share ends at 0 and 1. It is Wilson's if every run has either 0 or 1 and there are
    at least FEWEST_OUTCOMES of them.
    """
    given = [values.mean()], [_standard_error(values)], [len(values)]
    [low], [high] = mean_intervals(*given, share=share)
    return float(low), float(high)


def mean_intervals(
    mean: ArrayLike, sem: ArrayLike, n: ArrayLike, *, share: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of `mean_interval` for many samples, from means, standard errors and sizes."""
    mean, sem, n = np.asarray(mean, float), np.asarray(sem, float), np.asarray(n)
    half = half_width(sem, n)
    low, high = mean - half, mean + half
    if share:
        low, high = low.clip(0, 1), high.clip(0, 1)
        # numbers from 0 to 1 have the largest variance for their mean if each is either 0 or 1
        largest = np.isclose(sem**2 * (n - 1), mean * (1 - mean), rtol=1e-9, atol=1e-12)
        for k in np.flatnonzero(largest & (n >= FEWEST_OUTCOMES)):
            low[k], high[k] = wilson(round(mean[k] * n[k]), int(n[k]))
    return low, high


def symmetric(mean: float, low: float, high: float) -> bool:
    """True if an interval lies as far above its mean as below it, so that ± describes it."""
    return math.isclose(high - mean, mean - low, rel_tol=1e-6, abs_tol=1e-12)


def half_width(sem: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Half width of Student's 95 % interval from standard errors of the mean and sample sizes."""
    from scipy.special import stdtrit  # as scipy.stats.t.ppf, whose import takes half a second

    return np.asarray(stdtrit(np.asarray(n) - 1, (1 + LEVEL) / 2) * np.asarray(sem))


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
