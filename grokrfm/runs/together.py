"""Measurement of how much faster runs are in a batch than alone, on the device that is asked."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.learner import Learner

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

SIZES = (4, 16, 64)
"""Batches that are tried."""

ITERATIONS = 3
"""Observations that are timed after the first; the fastest counts."""

WORTHWHILE = 1.2
"""Least speed-up for which runs are put together."""


class Together(NamedTuple):
    """Number of runs in the fastest batch, and how many times faster each of them is than alone."""

    size: int = 1
    times: float = 1.0

    def __str__(self) -> str:
        return f"about {self.times:.1f} times faster in batches of {self.size}"


def fastest_batch(learner: Learner, device: torch.device) -> Together:
    """Time some iterations of a learner alone and in batches of several sizes.

    It is one run, not in a batch, if it cannot be in one or gains less than WORTHWHILE.
    """
    if learner.batch_key(device) is None:
        return Together()
    keep = FeatureSelection("none")
    fastest = Together()
    try:
        alone = _seconds(learner.observe(device, keep), 1)
        for size in SIZES:
            every = [learner] * size
            batch = learner.observe_batched(every, device, [keep] * size, [None] * size)
            times = alone / _seconds(batch, size)
            if times > max(WORTHWHILE, fastest.times):
                fastest = Together(size, times)
    except Exception as error:  # of the run, which shows it, or the batch is too large
        unknown = learner.batch == "auto" and fastest.size == 1
        log.log(
            logging.WARNING if unknown else logging.INFO,
            "batches of more than %d runs cannot be timed here: %s",
            fastest.size,
            error,
        )
    return fastest


def _seconds(observations: Iterator[object], runs: int) -> float:
    """Seconds of an iteration of one run, the fastest of those after the first."""
    taken = [math.inf]
    for _ in range(ITERATIONS + 1):
        started = time.perf_counter()
        if len(list(islice(observations, runs))) < runs:
            break
        taken.append((time.perf_counter() - started) / runs)
    return min(taken[2:], default=math.inf)
