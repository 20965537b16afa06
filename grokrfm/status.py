"""The command `grokrfm-status`: how a study stands, from its store first, its schedulers second."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grokrfm.checks import StoreError
from grokrfm.collect.cli import run_cli
from grokrfm.collect.frames import open_stores
from grokrfm.launch.chunks import duration
from grokrfm.launch.jobs import Sweeping, submissions, sweeping
from grokrfm.launch.lock import launching
from grokrfm.launch.work import STOP
from grokrfm.runs import plans
from grokrfm.runs.record import Record, best_by_digest, by_cause
from grokrfm.runs.store import Store

ORDER = ("finished", "running", "waiting", "failed", "crashed", "interrupted", "lost", "missing")
SHOWN = 10
FOLLOW_SECONDS = 2.0
LOG_LINES = 100


def main() -> None:
    """Entry point; exit code 1 if a folder is not a study."""
    run_cli(_status)


def _status() -> None:
    arguments = _parser().parse_args()
    stores = open_stores(arguments.studies)
    if arguments.log:
        _print(_log(stores, arguments.log))
    elif arguments.cancel:
        for store in stores:
            _print(_cancel(store))
    elif arguments.follow:
        _follow(stores)
    else:
        for store in stores:
            _print(Standing(store).lines(arguments.failures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-status",
        description="What is finished, running, waiting, failed or lost in a study, and why.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--follow", action="store_true", help="until nothing is in flight any more")
    which.add_argument("--failures", action="store_true", help="every failure with its traceback")
    which.add_argument("--log", metavar="DIGEST", help="what a run's process has printed")
    which.add_argument("--cancel", action="store_true", help="stop the sweeps that are in flight")
    return parser


@dataclass(frozen=True)
class Standing:
    """How a study stands at one moment."""

    store: Store

    @cached_property
    def best(self) -> Mapping[str, Record]:
        return best_by_digest(self.store.records())

    @cached_property
    def flights(self) -> Sequence[Sweeping]:
        try:
            with launching(self.store.study, wait_seconds=0):
                return list(sweeping(self.store.study, self.store, tidy=True))
        except StoreError:  # a launch is under way, or the folder is only to be read
            return list(sweeping(self.store.study, self.store))

    @cached_property
    def statuses(self) -> Mapping[str, str]:
        """Digest → status of every run that is planned or was ever started."""
        waiting = frozenset().union(*(flight.waiting for flight in self.flights))
        planned = self.store.planned()
        return {
            digest: self._status(self.best.get(digest), digest in waiting)
            for digest in dict.fromkeys([*planned, *self.best])
        }

    def lines(self, with_tracebacks: bool = False) -> list[str]:
        """All of it, for people."""
        lines = [f"{self.store.study}: {self.headline}"]
        for flight in self.flights:
            states = ", ".join(
                f"{n} {s.lower()}" for s, n in Counter(flight.states.values()).items()
            )
            lines.append(f"  sweep {flight.name}: {len(flight.waiting)} runs to go, jobs: {states}")
        lines += self._failures(with_tracebacks)
        for status in ("running", "interrupted", "lost"):
            found = [r for r in self.best.values() if self.statuses[r.digest] == status]
            lines += [_place(status, record) for record in found[:SHOWN]]
            if len(found) > SHOWN:
                lines.append(f"  {status}: and {len(found) - SHOWN} more")
        if set(self.statuses.values()) & {"lost", "interrupted", "failed", "crashed", "missing"}:
            lines.append(
                "  the command that started them runs them again and skips what is finished"
            )
        return lines

    @cached_property
    def headline(self) -> str:
        counts = Counter(self.statuses.values())
        text = ", ".join(f"{counts[status]} {status}" for status in ORDER if counts[status])
        left = self._seconds_left()
        return (text or "no runs") + (f", about {duration(left)} left" if left else "")

    def _status(self, record: Record | None, waiting: bool) -> str:
        if record is None:
            return "waiting" if waiting else "missing"
        if record.status == "finished":
            return "finished"
        sweep = record.provenance.get("sweep")
        if record.ended is None and sweep:  # its job knows better than a process of another host
            going = any(flight.name == sweep for flight in self.flights)
            return "running" if going and record.status == "running" else "lost"
        return "waiting" if waiting and record.status != "running" else record.status

    def _seconds_left(self) -> float:
        """Estimated time to the end of what is in flight, at the pace of what has ended."""
        left = measured = estimated = 0.0
        for flight in self.flights:
            plan = plans.read(self.store.study, flight.name)
            left += sum(plan.costs[plan.index[digest]] for digest in flight.waiting)
            for digest, record in self.best.items():
                if record.status == "finished" and digest in plan.index:
                    measured += record.seconds or 0.0
                    estimated += plan.costs[plan.index[digest]]
        at_once = sum(status == "running" for status in self.statuses.values())
        return left * (measured / estimated if estimated else 1.0) / max(1, at_once)

    def _failures(self, with_tracebacks: bool) -> Iterator[str]:
        failed = [r for r in self.best.values() if r.error and r.status in ("failed", "crashed")]
        causes = by_cause((record, record.error["message"]) for record in failed if record.error)
        for cause, records in causes.items():
            named = ", ".join(r.digest for r in records[:3]) + (", ..." * (len(records) > 3))
            yield f"  {records[0].status} ({len(records)}): {cause}"
            yield f"    {records[0].facts['title']}: {named}"
            for record in records if with_tracebacks else ():
                assert record.error is not None
                yield f"    {record.digest}: {record.error['message']}"
                yield from (f"      {line}" for line in record.error["traceback"].splitlines())


def _place(status: str, record: Record) -> str:
    minutes = (time.time() - record.started) / 60
    of = record.provenance
    where = f"job {of['job']}" if of.get("job") else f"process {of['pid']}"
    return (
        f"  {status}: {record.digest} {record.facts['title']},"
        f" started {minutes:.1f} min ago by {where} on {of['host']}"
    )


def _follow(stores: Sequence[Store]) -> None:
    """Say how things stand whenever that changes, until nothing is in flight."""
    said: dict[Path, str] = {}
    while True:
        standings = [Standing(store) for store in stores]
        for standing in standings:
            if said.get(standing.store.study) != standing.headline:
                said[standing.store.study] = standing.headline
                _print([f"{standing.store.study}: {standing.headline}"])
        if not any(standing.flights for standing in standings):
            for standing in standings:
                _print(standing.lines()[1:])
            return
        time.sleep(FOLLOW_SECONDS)


def _log(stores: Sequence[Store], digest: str) -> list[str]:
    """What is known of the latest attempt at a run: its end, and what its process printed."""
    records = [r for store in stores for r in store.records() if r.digest.startswith(digest)]
    if not records:
        raise StoreError(
            f"no run with digest {digest} in {', '.join(str(s.study) for s in stores)}"
        )
    record = max(records, key=lambda record: record.started)
    lines = [f"{record.digest} {record.facts['title']}: {record.status}"]
    if record.error:
        lines += [record.error["message"], record.error["traceback"].rstrip()]
    path = Path(record.provenance.get("log") or "")
    if path.is_file():
        lines += [f"{path}:", *path.read_text(errors="replace").splitlines()[-LOG_LINES:]]
    elif not record.error:
        lines.append("its process has left no log; logs of sweeps without failures are removed")
    return lines


def _cancel(store: Store) -> list[str]:
    """Stop the sweeps in flight and plan them no longer; what is finished stays."""
    flights = list(sweeping(store.study, store))
    for flight in flights:
        folder = plans.folder(store.study, flight.name)
        (folder / STOP).touch()
        for submission in submissions(folder):
            submission.cancel(folder)
        plans.withdraw(store.study, flight.name)
    if not flights:
        return [f"{store.study}: nothing is in flight"]
    return [
        f"{store.study}: sweep {flight.name} is being stopped with {len(flight.waiting)} runs to go"
        for flight in flights
    ]


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
