"""How long runs will take, and how many of them make a job."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grokrfm.runs.record import Record

FLOPS = 1.5e10
"""Operations a second before any run was seen; a core of today does a few times more."""

OVERHEAD_SECONDS = 2e-3
"""Of an iteration, whatever its size."""


def estimated_seconds(iterations: int, n: int, width: int, classes: int) -> float:
    """The cost of a run from its sizes: n training rows, `width` coordinates, c classes.

    Cholesky n³/3, the grouped sums of the AGOP 4n²c, its symmetric product n·c·d², the root 10 d³.
    """
    operations = n**3 / 3 + 4 * n * n * classes + n * classes * width**2 + 10 * width**3
    return iterations * (OVERHEAD_SECONDS + operations / FLOPS)


def cost_class(settings: Mapping[str, Any], device: str) -> tuple[Any, ...]:
    """Runs of a kind take the same multiple of the estimate."""
    rfm = settings.get("rfm") or {}
    names = [(settings.get(group) or {}).get("name") for group in ("kernel", "start")]
    return (*names, rfm.get("solver"), rfm.get("dtype"), device)


def calibration(records: Iterable[Record]) -> dict[tuple[Any, ...], float]:
    """Kind → measured seconds over estimated ones (median), from finished runs."""
    ratios: dict[tuple[Any, ...], list[float]] = {}
    for record in records:
        facts, updates = record.facts, record.metrics.get("updates")
        if record.status != "finished" or not record.seconds or "width" not in facts or not updates:
            continue
        estimate = estimated_seconds(updates, facts["n_train"], facts["width"], facts["classes"])
        device = str(record.config.get("hardware", {}).get("device"))
        ratios.setdefault(cost_class(record.config, device), []).append(record.seconds / estimate)
    return {key: statistics.median(found) for key, found in ratios.items()}


def chunks(runs: Sequence[int], costs: Sequence[float], seconds: float) -> list[list[int]]:
    """Runs in order, cut so that each part costs about `seconds`, all parts about alike.

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
    """A time in words of two units at the most."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
