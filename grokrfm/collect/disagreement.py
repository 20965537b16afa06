"""Runs that finished more than once with different numbers."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grokrfm.runs.record import Record

log = logging.getLogger(__name__)

# Largest differences by rounding between machines; 1e-6 is also the tolerance of a tie.
RELATIVE, ABSOLUTE = 1e-4, 1e-6


@dataclass(frozen=True)
class Conflict:
    """Number of a run that differs between two attempts."""

    digest: str
    number: str
    first: float
    second: float
    attempts: tuple[str, str]


def conflicts(records: Iterable[Record]) -> list[Conflict]:
    """Find numbers of one digest that differ by more than rounding between finished attempts."""
    finished = [record for record in records if record.status == "finished"]
    count = Counter(record.digest for record in finished)
    by_digest: dict[str, list[Record]] = {}
    for record in finished:
        if count[record.digest] > 1:
            by_digest.setdefault(record.digest, []).append(record)
    return [
        conflict
        for attempts in by_digest.values()
        for first, second in pairwise(attempts)
        if not first.changed(second.sources)
        for conflict in _between(first, second)
    ]


def warn(records: Iterable[Record]) -> None:
    """Log one line for every run with conflicts."""
    found: dict[str, list[Conflict]] = {}
    for conflict in conflicts(records):
        found.setdefault(conflict.digest, []).append(conflict)
    for digest, listed in found.items():
        log.warning("run %s finished twice with different numbers: %s", digest, _shown(listed))


def _between(first: Record, second: Record) -> Iterator[Conflict]:
    for name, x in first.metrics.items():
        y = second.metrics.get(name, x)
        if _is_number(x) and _is_number(y) and "seconds" not in name and not _close(x, y):
            yield Conflict(first.digest, name, x, y, (first.attempt, second.attempt))


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _close(x: float, y: float) -> bool:
    return math.isclose(x, y, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _shown(listed: Sequence[Conflict]) -> str:
    shown = [f"{each.number} {each.first:.6g} and {each.second:.6g}" for each in listed[:3]]
    more = [f"{len(listed) - 3} more"] if len(listed) > 3 else []
    attempts = " and ".join(listed[0].attempts)
    return f"{', '.join([*shown, *more])} (attempts {attempts}; the later one is used)"
