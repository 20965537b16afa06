"""StudyStatus: the finished, running, queued, failed and missing runs of a study."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from grokrfm.runs.plan import Plan
from grokrfm.runs.record import Record, best_of
from grokrfm.runs.store import Store
from grokrfm.runs.submission import Job
from grokrfm.runs.sweep_folder import SweepFolder

ENDED = ("finished", "failed", "crashed")
"""Statuses of attempts that are over: they were neither interrupted nor lost."""


@dataclass(frozen=True)
class ActiveSweep:
    """A sweep with running or queued jobs.

    Parameters
    ----------
    jobs      job → its state, as the scheduler names it
    queued    digests of its runs that have not ended in it
    """

    name: str
    jobs: Mapping[Job, str]
    queued: frozenset[str]


class StudyStatus:
    """State of every run of a study, kept up to date from its store.

    Parameters
    ----------
    store : Store
    active    the sweeps with running or queued jobs; None if no scheduler was asked

    Attributes
    ----------
    best      digest → the best attempt (see `best_of`)
    """

    def __init__(self, store: Store, active: Sequence[ActiveSweep] | None = None) -> None:
        self.store = store
        self.active = active
        self.best: dict[str, Record] = {}
        self._cursor = 0
        self._plans: dict[str, Plan] = {}
        self._records: dict[str, dict[str, Record]] = defaultdict(dict)  # by digest and attempt
        self._unended: dict[str, Record] = {}
        self._outcomes: dict[str, dict[str, Record]] = defaultdict(dict)
        self._attempts: dict[str, Counter[str]] = defaultdict(Counter)
        self.refresh()

    def refresh(self) -> bool:
        """Read new records; returns True if there are any."""
        changed, self._cursor = self.store.changes(self._cursor)
        for record in changed:
            self._records[record.digest][record.attempt] = record
            if record.ended is None:
                self._unended[record.attempt] = record
                continue
            self._unended.pop(record.attempt, None)
            sweep = record.provenance.get("sweep")
            if sweep and record.status in ENDED:
                self._attempts[sweep][record.digest] += 1
                latest = self._outcomes[sweep].setdefault(record.digest, record)
                if latest.ended is None or record.ended >= latest.ended:
                    self._outcomes[sweep][record.digest] = record
        for digest in {record.digest: None for record in changed}:
            self.best[digest] = best_of(list(self._records[digest].values()))
        return bool(changed)

    @property
    def records(self) -> list[Record]:
        """Every attempt, in the order of their starts."""
        attempts = chain.from_iterable(found.values() for found in self._records.values())
        return sorted(attempts, key=lambda record: record.started)

    def outcomes(self, sweep: str) -> Mapping[str, Record]:
        """Digest → the latest attempt that ended in a sweep."""
        return self._outcomes[sweep]

    def attempts(self, sweep: str) -> Mapping[str, int]:
        """Digest → the number of attempts that ended in a sweep."""
        return self._attempts[sweep]

    def plan(self, sweep: str) -> Plan | None:
        """Return the plan of a sweep, which never changes; None, with a warning, if damaged."""
        if sweep not in self._plans and (plan := SweepFolder(self.store.study, sweep).plan()):
            self._plans[sweep] = plan
        return self._plans.get(sweep)

    def plans(self) -> list[Plan]:
        """Return the plans of the sweeps that are not withdrawn, oldest first."""
        folders = [one for one in SweepFolder.all_of(self.store.study) if not one.withdrawn]
        return [plan for folder in folders if (plan := self.plan(folder.name))]

    def unended(self) -> list[Record]:
        """Return the attempts that have not ended: running or lost."""
        return list(self._unended.values())

    def running(self) -> list[Record]:
        """Return the running attempts, in the order of their starts."""
        found = [record for record in self._unended.values() if self._runs(record)]
        return sorted(found, key=lambda record: record.started)

    def state(self, digest: str) -> str:
        """Return finished, running, queued, failed, crashed, interrupted, lost or missing."""
        record = self.best.get(digest)
        if record and record.status == "finished":
            return "finished"
        if record and record.ended is None and self._runs(record):
            return "running"
        if any(digest in sweep.queued for sweep in self.active or ()):
            return "queued"
        if record is None:
            return "missing"
        return "lost" if record.ended is None else record.status

    def label(self, record: Record) -> str:
        """Return the settings of a run that its sweep varies; its title if there are none."""
        sweep = record.provenance.get("sweep")
        plan = self.plan(sweep) if sweep else None
        swept = plan.label(record.digest) if plan and record.digest in plan.index else ""
        return swept or str(record.facts["title"])

    def seconds_left(self, plan: Plan, digests: Iterable[str]) -> float:
        """Estimate the time until runs of a plan are done, at the pace of the finished ones."""
        measured = estimated = 0.0
        for digest, cost in zip(plan.digests, plan.costs, strict=True):
            record = self.best.get(digest)
            if record and record.status == "finished":
                measured += record.seconds or 0.0
                estimated += cost
        pace = measured / estimated if estimated else 1.0
        remaining = sum(plan.costs[plan.index[digest]] for digest in digests)
        return remaining * pace / max(1, len(self.running()))

    def _runs(self, record: Record) -> bool:
        """True if an attempt without an end is running; its sweep, if any, must be active too."""
        sweep = record.provenance.get("sweep")
        if sweep and self.active is not None and all(s.name != sweep for s in self.active):
            return False
        return self.store.still_running(record)
