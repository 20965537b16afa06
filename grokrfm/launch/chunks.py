"""Chunks of runs, one per job, sized by their expected durations."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from grokrfm.runs.record import Record
from grokrfm.runs.settings import TARGET

CostClass = tuple[str, str, str]
"""Learner, its cost class and device: runs of one class take one multiple of their estimates."""


def calibration(records: Iterable[Record]) -> dict[CostClass, float]:
    """Return measured over estimated seconds (median) by cost class, from finished runs."""
    ratios: dict[CostClass, list[float]] = defaultdict(list)
    for record in records:
        updates, cost = record.metrics.get("updates"), record.cost
        if record.status == "finished" and record.seconds and updates and cost.get("seconds"):
            estimate = cost["seconds"] * updates / cost["iterations"]
            device = str(record.config.get("hardware", {}).get("device"))
            key = str(record.config.get(TARGET)), cost["class"], device
            ratios[key].append(record.seconds / estimate)
    return {key: statistics.median(found) for key, found in ratios.items()}


def chunks(runs: Sequence[int], costs: Sequence[float], seconds: float) -> list[list[int]]:
    """Cut runs, in order, into parts of equal cost, about `seconds` each.

    Parameters
    ----------
    costs   estimated seconds of each of `runs`
    """
    total = sum(costs)
    count = max(1, min(len(runs), round(total / seconds)))
    parts: list[list[int]] = [[] for _ in range(count)]
    spent = 0.0
    for run, cost in zip(runs, costs, strict=True):
        middle = spent + cost / 2
        parts[min(count - 1, int(count * middle / total)) if total else 0].append(run)
        spent += cost
    return [part for part in parts if part]


def duration(seconds: float) -> str:
    """Return a duration in words."""
    if seconds < 1:
        return "a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
