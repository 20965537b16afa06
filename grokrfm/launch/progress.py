"""How far a sweep has got, kept up to date from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grokrfm.launch.study_workload import ENDED
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store


@dataclass(frozen=True)
class Outcome:
    """How the latest attempt at a run in this sweep ended."""

    status: str
    metrics: Mapping[str, Any]
    error: Mapping[str, str] | None
    seconds: float


@dataclass
class SweepProgress:
    """The attempts of one sweep.

    Parameters
    ----------
    sweep : str
    outcomes    digest → the latest end in this sweep
    attempts    digest → how many attempts have ended in it
    elsewhere   digests finished by anyone, with their metrics
    running     attempt → record of what has started and not ended, in this sweep or another
    """

    store: Store
    sweep: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    running: dict[str, Record] = field(default_factory=dict)

    def refresh(self) -> bool:
        """Read what is new; whether anything is."""
        changed = self.store.refresh()
        for record in changed:
            if record.ended is None:
                self.running[record.attempt] = record
                continue
            self.running.pop(record.attempt, None)
            if record.status == "finished":
                self.elsewhere[record.digest] = record.metrics
            if record.status in ENDED and record.provenance.get("sweep") == self.sweep:
                self.attempts[record.digest] = self.attempts.get(record.digest, 0) + 1
                self.outcomes[record.digest] = Outcome(
                    record.status, record.metrics, record.error, record.seconds or 0.0
                )
        return bool(changed)

    def count(self, digests: Sequence[str]) -> dict[str, int]:
        """Status → how many of the runs have it by this sweep or by another."""
        counts: dict[str, int] = {}
        for digest in digests:
            if digest in self.outcomes:
                status = self.outcomes[digest].status
            else:
                status = "finished" if digest in self.elsewhere else "waiting"
            counts[status] = counts.get(status, 0) + 1
        return counts
