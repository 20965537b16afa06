"""The statistics against scipy and statsmodels, which computed none of them."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from grokrfm.collect import statistics
from grokrfm.collect.statistics import Sample, StatisticError, median_time, named, survival

RNG = np.random.default_rng(0)
SAMPLES = [
    *([0.0, 1.0], [0.25, 0.5, 0.7], [0.984, 0.984, 1.0, 0.967, 0.9], [1e-9, 2e-9, 4e-9]),
    [0.0] * 7 + [1.0] * 3,
    RNG.normal(size=40).tolist(),
]


def computed(name, values, unreached=()):
    return named(name).compute(Sample(np.array(values, float), np.array(unreached, float)))


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_student(sample):
    numbers = computed("mean", sample)
    low, high = stats.t.interval(
        0.95, len(sample) - 1, loc=np.mean(sample), scale=stats.sem(sample)
    )
    assert (numbers["low"], numbers["high"]) == pytest.approx((low, high))
    assert numbers[""] == pytest.approx(np.mean(sample))


def test_student_of_two_numbers_by_hand():
    """Half width = 12.706 s / sqrt(2) with s = 1 / sqrt(2), one degree of freedom."""
    assert statistics.student(np.array([0.0, 1.0])) == pytest.approx(12.7062047 / 2)


def test_one_run_has_no_interval_and_equal_runs_an_exact_zero():
    for name in ("mean", "bootstrap", "median", "range"):
        numbers = computed(name, [0.5])
        assert numbers[""] == 0.5
        assert math.isnan(numbers["low"]) and math.isnan(numbers["high"])
    assert computed("mean", [0.1] * 3)["interval"] == 0.0  # the naive formula leaves 1e-17 here


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_bootstrap_is_the_percentile_one_at_expanded_levels(sample):
    """scipy's plain percentile interval, asked for the level that undoes n - 1 and Student."""
    n = len(sample)
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    theirs = stats.bootstrap(
        (sample,),
        np.mean,
        confidence_level=1 - 2 * tail,
        n_resamples=100_000,
        method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval
    ours = computed("bootstrap", sample)
    spread = np.std(sample) / math.sqrt(n)
    assert (ours["low"], ours["high"]) == pytest.approx(tuple(theirs), abs=0.15 * spread)


def test_bootstrap_is_the_same_in_any_order_and_stays_within_the_data():
    sample = SAMPLES[4]
    first = computed("bootstrap", sample)
    assert computed("bootstrap", sample[::-1]) == first
    assert min(sample) <= first["low"] <= first["high"] <= max(sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_median_quartiles_and_range(sample):
    numbers = computed("median", sample)
    assert numbers[""] == pytest.approx(np.median(sample))
    assert (numbers["low"], numbers["high"]) == pytest.approx(
        (stats.scoreatpercentile(sample, 25), stats.scoreatpercentile(sample, 75))
    )
    numbers = computed("range", sample)
    assert (numbers["low"], numbers["high"]) == (min(sample), max(sample))


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (180, 200)])
def test_share_and_its_wilson_interval(hits, n):
    numbers = computed("share=0.9", [0.9] * hits + [0.89] * (n - hits))
    assert numbers[""] == hits / n
    expected = proportion_confint(hits, n, method="wilson")
    assert (numbers["low"], numbers["high"]) == pytest.approx(expected, abs=1e-12)
    scipys = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (numbers["low"], numbers["high"]) == pytest.approx((scipys.low, scipys.high), abs=1e-12)


def random_times(seed, n=60):
    """Whole times with many ties, about half of them censored, also at times of events."""
    generator = np.random.default_rng(seed)
    event, censoring = generator.integers(1, 15, n), generator.integers(5, 12, n)
    reached = event <= censoring
    return event[reached].astype(float), censoring[~reached].astype(float)


@pytest.mark.parametrize("seed", range(20))
def test_survival_of_tied_and_censored_times(seed):
    reached, unreached = random_times(seed)
    times, shares = survival(Sample(reached, unreached))
    scipys = stats.ecdf(stats.CensoredData(uncensored=reached, right=unreached)).sf
    np.testing.assert_allclose(shares, scipys.evaluate(times))
    theirs = SurvfuncRight(
        np.concatenate([reached, unreached]),
        np.concatenate([np.ones(len(reached)), np.zeros(len(unreached))]),
    )
    np.testing.assert_array_equal(times, theirs.surv_times)
    np.testing.assert_allclose(shares, theirs.surv_prob)
    median = theirs.quantile(0.5)
    assert median_time(Sample(reached, unreached)) == (math.inf if math.isnan(median) else median)


@pytest.mark.parametrize("values", [[3.0], [5.0, 1.0, 9.0], [2.0, 2.0, 2.0, 8.0, 9.0]])
def test_without_censoring_the_median_time_is_the_median(values):
    assert computed("time", values)[""] == np.median(values)


def test_half_reached_is_enough():
    """At 4 exactly half have reached it; a product such as 2/3 * 3/4 is 0.5 up to rounding."""
    assert computed("time", [4.0], [60.0])[""] == 4.0
    assert computed("time", [1.0, 2.0, 9.0], [1.5, 60.0, 60.0])[""] == 9.0
    assert computed("time", [1.0, 1.0, 4.0], [60.0] * 3)[""] == 4.0


def test_times_that_nobody_reached():
    numbers = computed("time", [], [59.0] * 4)
    assert numbers[""] == math.inf
    assert numbers["reached"] == 0.0
    expected = proportion_confint(0, 4, method="wilson")
    assert (numbers["reached_low"], numbers["reached_high"]) == pytest.approx(expected)


def test_runs_watched_for_less_time_are_no_evidence_of_later():
    """The mean over runs that grokked says 10; five runs were cut off before they could."""
    numbers = computed("time", [10.0] * 5, [9.0] * 5)
    assert numbers[""] == 10.0
    assert numbers["reached"] == 0.5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("meen", "no statistic 'meen'; did you mean mean?"),
        ("qqqq", "known are bootstrap, mean, median, range, share=THRESHOLD, time"),
        ("share", "needs a threshold, as in share=0.9"),
        ("share=high", "needs a threshold"),
        ("median=3", "did you mean median?"),
    ],
)
def test_a_statistic_that_does_not_exist_is_explained(name, message):
    with pytest.raises(StatisticError) as caught:
        named(name)
    assert message in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n", "draw", "truth"),
    [
        ("mean", 3, lambda g, shape: g.normal(5, 2, shape), 5.0),
        ("mean", 20, lambda g, shape: g.normal(5, 2, shape), 5.0),
        ("mean", 60, lambda g, shape: g.gamma(4.0, 1.0, shape), 4.0),
        ("bootstrap", 10, lambda g, shape: g.normal(5, 2, shape), 5.0),
        ("bootstrap", 60, lambda g, shape: g.gamma(4.0, 1.0, shape), 4.0),
    ],
    ids=lambda value: str(value) if isinstance(value, (str, int)) else "",
)
def test_a_95_percent_interval_covers_the_truth_in_93_to_97_percent(name, n, draw, truth):
    repeats = 1000 if name == "bootstrap" else 10_000
    samples = draw(np.random.default_rng(1), (repeats, n))
    found = [computed(name, sample) for sample in samples]
    covered = np.mean([one["low"] <= truth <= one["high"] for one in found])
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20, 60])
def test_wilsons_interval_covers_the_truth_in_93_to_97_percent(n):
    """A share takes n + 1 values, so at one truth the coverage jumps; it holds on average."""
    generator = np.random.default_rng(1)
    truths = generator.uniform(0.05, 0.95, 10_000)
    found = [computed("share=0.5", 1.0 * (generator.random(n) < truth)) for truth in truths]
    covered = [one["low"] <= truth <= one["high"] for one, truth in zip(found, truths, strict=True)]
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.slow
def test_the_share_that_reached_a_time_is_covered_too():
    generator = np.random.default_rng(2)
    covered = []
    for rate in generator.uniform(15, 200, 5000):
        times = generator.exponential(rate, 25)
        numbers = computed("time", times[times <= 60], [60.0] * int((times > 60).sum()))
        truth = 1 - math.exp(-60 / rate)
        covered.append(numbers["reached_low"] <= truth <= numbers["reached_high"])
    assert 0.93 <= np.mean(covered) <= 0.97
