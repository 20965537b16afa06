"""The statistics against loops, statsmodels and published values; scipy computes ours."""

import math
import subprocess
import sys

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from grokrfm.collect import intervals
from grokrfm.collect.statistics import Sample, StatisticError, median_time, named, survival
from tests.collect import naive

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
    assert (numbers["low"], numbers["high"]) == pytest.approx(naive.student(sample), rel=1e-6)
    assert numbers[""] == pytest.approx(sum(sample) / len(sample))


def test_student_of_two_numbers_by_hand():
    """Half width = t s / sqrt(2) with s = 1 / sqrt(2); at one degree of freedom t is a tangent."""
    expected = math.tan(0.95 * math.pi / 2) / 2
    assert intervals.student(np.array([0.0, 1.0])) == pytest.approx(expected, rel=1e-12)


def test_half_widths_of_many_means_at_once():
    """At two degrees of freedom t = 0.95 sqrt(2 / (1 - 0.95^2)); one run has no interval."""
    two = 0.95 * math.sqrt(2 / (1 - 0.95**2))
    found = intervals.half_width(np.array([1.0, 2.0, 0.0, math.nan]), np.array([3, 3, 2, 1]))
    assert found[:3].tolist() == pytest.approx([two, 2 * two, 0.0], rel=1e-12)
    assert math.isnan(found[3])


def test_one_run_has_no_interval_and_equal_runs_an_exact_zero():
    for name in ("mean", "bootstrap", "median", "range"):
        numbers = computed(name, [0.5])
        assert numbers[""] == 0.5
        assert math.isnan(numbers["low"]) and math.isnan(numbers["high"])
    assert computed("mean", [0.1] * 3)["interval"] == 0.0  # the naive formula leaves 1e-17 here


@pytest.mark.parametrize("hits, n", [(0, 10), (3, 10), (25, 25)])
def test_the_mean_of_ten_outcomes_or_more_has_wilsons_interval(hits, n):
    sample = np.array([1.0] * hits + [0.0] * (n - hits))
    ends = intervals.mean_interval(sample, share=True)
    assert ends == pytest.approx(proportion_confint(hits, n, method="wilson"))
    assert ends != pytest.approx(intervals.mean_interval(sample, share=False))


@pytest.mark.parametrize(
    "sample", [[0.0] * 5 + [1.0] * 4, [0.0] * 3 + [1.0] * 9 + [0.999], [0.5] * 12]
)
def test_the_mean_of_other_shares_has_students_interval_cut_at_0_and_1(sample):
    half = intervals.student(np.array(sample))
    expected = np.clip(np.mean(sample) + np.array([-half, half]), 0, 1)
    assert intervals.mean_interval(np.array(sample), share=True) == pytest.approx(expected)


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_bootstrap_is_the_percentile_one_at_expanded_levels(sample):
    ours = computed("bootstrap", sample)
    spread = np.std(sample) / math.sqrt(len(sample))
    expected = naive.bootstrap(sample)
    assert (ours["low"], ours["high"]) == pytest.approx(expected, abs=0.15 * spread)


def test_the_bootstrap_of_equal_values_is_that_value():
    numbers = computed("bootstrap", [0.5] * 4)
    assert (numbers["low"], numbers["high"]) == (0.5, 0.5)


def test_bootstrap_is_the_same_in_any_order_and_stays_within_the_data():
    sample = np.array(SAMPLES[-1])
    low, high = intervals.bootstrap(sample)
    assert intervals.bootstrap(sample[::-1]) == (low, high)
    assert sample.min() <= low <= high <= sample.max()


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_median_quartiles_and_range(sample):
    numbers = computed("median", sample)
    assert numbers[""] == pytest.approx(np.median(sample))
    ordered = sorted(sample)
    for name, share in (("low", 0.25), ("high", 0.75)):
        place = share * (len(sample) - 1)
        below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
        assert numbers[name] == pytest.approx(below + (place % 1) * (above - below))
    numbers = computed("range", sample)
    assert (numbers["low"], numbers["high"]) == (min(sample), max(sample))


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (180, 200)])
def test_share_and_its_wilson_interval(hits, n):
    numbers = computed("share=0.9", [0.9] * hits + [0.89] * (n - hits))
    assert numbers[""] == hits / n
    expected = proportion_confint(hits, n, method="wilson")
    assert (numbers["low"], numbers["high"]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "n", "published"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilsons_interval_as_published(hits, n, published):
    """Source: Newcombe, Two-sided confidence intervals, Stat. Med. 17:857, 1998, table I."""
    assert intervals.wilson(hits, n) == pytest.approx(published, abs=5e-5)


def random_times(seed, n=60):
    """Whole times with many ties, about half of them censored, also at times of events."""
    generator = np.random.default_rng(seed)
    event, censoring = generator.integers(1, 15, n), generator.integers(5, 12, n)
    reached = event <= censoring
    return event[reached].astype(float), censoring[~reached].astype(float)


def events(sample):
    """The survival curve at the times at which runs reached the number: time → share."""
    curve = survival(sample)
    shares = dict(zip(curve.quantiles.tolist(), curve.probabilities.tolist(), strict=True))
    return {time: share for time, share in shares.items() if time in sample.values}


@pytest.mark.parametrize("seed", range(20))
def test_survival_of_tied_and_censored_times(seed):
    reached, unreached = random_times(seed)
    sample = Sample(reached, unreached)
    assert events(sample) == pytest.approx(naive.survival(reached.tolist(), unreached.tolist()))
    theirs = SurvfuncRight(
        np.concatenate([reached, unreached]),
        np.concatenate([np.ones(len(reached)), np.zeros(len(unreached))]),
    )
    expected = dict(zip(theirs.surv_times.tolist(), theirs.surv_prob.tolist(), strict=True))
    assert events(sample) == pytest.approx(expected)
    median = theirs.quantile(0.5)
    assert median_time(sample) == (math.inf if math.isnan(median) else median)


@pytest.mark.parametrize("seed", range(5))
def test_a_run_that_never_reaches_it_stays_at_risk_for_ever(seed):
    reached, unreached = random_times(seed)
    unreached[:5] = math.inf
    expected = naive.survival(reached.tolist(), unreached.tolist())
    assert events(Sample(reached, unreached)) == pytest.approx(expected)


def test_survival_as_published():
    """Remission under 6-MP, weeks: Freireich et al., Blood 21:699, 1963; table of Kleinbaum."""
    reached = np.array([6.0, 6, 6, 7, 10, 13, 16, 22, 23])
    unreached = np.array([6.0, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    published = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    assert events(Sample(reached, unreached)) == pytest.approx(published, abs=5e-5)
    assert median_time(Sample(reached, unreached)) == 23


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
        ("meen", "unknown statistic 'meen'; did you mean mean?"),
        ("qqqq", "known are bootstrap, counts, mean, median, range, share=TEXT, share="),
        ("share", "needs a threshold or a text; share=0.9"),
        ("share=", "needs a threshold or a text"),
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


def test_scipys_statistics_are_imported_only_by_a_table_that_needs_them():
    code = """
import sys
import pandas as pd
from grokrfm import collect
import grokrfm.collect.figures
runs = pd.DataFrame({"status": ["finished"] * 2, "x": [0.0, 1.0]})
collect.table(runs, [], [], ["x", "x:median", "x:range"])
assert "scipy.stats" not in sys.modules
collect.table(runs, [], [], ["x:bootstrap"])
assert "scipy.stats" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
