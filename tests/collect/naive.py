"""Statistics by loops and published tables, so that nothing here is computed by scipy."""

import math
import random

# Two-sided 5 % points of Student's t by degrees of freedom (R: qt(0.975, df)), and of the normal.
T975 = {1: 12.706205, 2: 4.302653, 3: 3.182446, 4: 2.776445, 9: 2.262157, 39: 2.022691}
Z975 = 1.959964


def student(sample):
    """Student's 95 % interval of the mean."""
    n = len(sample)
    mean = sum(sample) / n
    variance = sum((x - mean) ** 2 for x in sample) / (n - 1)
    half = T975[n - 1] * math.sqrt(variance / n)
    return mean - half, mean + half


def bootstrap(sample, resamples=20_000):
    """Expanded percentile interval: the tail is Phi(-sqrt(n / (n - 1)) t) instead of 2.5 %."""
    n, draw = len(sample), random.Random(7)
    means = sorted(sum(draw.choices(sample, k=n)) / n for _ in range(resamples))
    tail = math.erfc(math.sqrt(n / (n - 1)) * T975[n - 1] / math.sqrt(2)) / 2
    place = round(tail * (resamples - 1))
    return means[place], means[-1 - place]


def survival(reached, unreached):
    """Kaplan and Meier's shares by the time of every event: prod (1 - d / r)."""
    shares, share = {}, 1.0
    for time in sorted(set(reached)):
        at_risk = sum(1 for end in [*reached, *unreached] if end >= time)
        share *= 1 - sum(1 for end in reached if end == time) / at_risk
        shares[time] = share
    return shares
