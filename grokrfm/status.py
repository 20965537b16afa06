"""The command `grokrfm-status`: which runs of a study are finished, running, queued or missing."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from grokrfm.checks import StoreError
from grokrfm.command import run_command
from grokrfm.launch.chunks import duration
from grokrfm.launch.jobs import active_sweeps, cancel_jobs
from grokrfm.runs.lock import launch_lock
from grokrfm.runs.log import read_part
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.record import Record, by_cause
from grokrfm.runs.store import OUTPUTS, Store, open_stores, studies_of
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import SweepFolder
from grokrfm.text import printable

ORDER = ("finished", "running", "queued", "failed", "crashed", "interrupted", "lost", "missing")
SHOWN = 10
FOLLOW_SECONDS = 2.0
LOG_LINES = 100


def main() -> None:
    """Entry point; exit code 1 if a folder is not a study."""
    run_command(_status)


def _status() -> None:
    arguments = _parser().parse_args()
    if arguments.cancel and not arguments.studies:
        raise StoreError("--cancel: name the study whose sweeps are to be stopped")
    stores = open_stores(arguments.studies or studies_of(OUTPUTS))
    if not stores:
        raise StoreError(f"there is no study in {OUTPUTS}/; name the folder of one")
    if arguments.log:
        _print(_log(stores, arguments.log))
    elif arguments.config:
        _print(_config(stores, arguments.config))
    elif arguments.cancel:
        for store in stores:
            _print(_cancel(store))
    elif arguments.follow:
        _follow(stores)
    elif not arguments.studies and not arguments.failures:
        for store in stores:
            status = _ask(store)
            _print([f"{store.study}: {_headline(status, _states(status))}"])
    else:
        for store in stores:
            with without_garbage_collection():
                _print(_lines(_ask(store), arguments.failures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-status",
        description="Show which runs of a study are finished, running, queued, failed, lost or"
        " missing, and why.",
    )
    parser.add_argument(
        "studies",
        nargs="*",
        metavar="STUDY",
        help="a folder such as outputs/demo, or its name; without one, all in outputs/ are listed",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--follow", action="store_true", help="until no sweep is active any more")
    which.add_argument("--failures", action="store_true", help="every failure with its traceback")
    which.add_argument("--log", metavar="DIGEST", help="what a run has printed")
    which.add_argument("--config", metavar="DIGEST", help="the settings of a run, and its command")
    which.add_argument("--cancel", action="store_true", help="stop the active sweeps")
    return parser


def _ask(store: Store) -> StudyStatus:
    """Return the status of a study, its schedulers asked."""
    status = StudyStatus(store)
    try:
        with launch_lock(store.study, wait_seconds=0):
            status.active = list(active_sweeps(status, tidy=True))
    except StoreError:  # a launch is under way, or the folder is read-only
        status.active = list(active_sweeps(status))
    return status


def _states(status: StudyStatus) -> dict[str, str]:
    """Return digest → state of every run that is planned or was ever started."""
    planned = (digest for plan in status.plans() for digest in plan.digests)
    return {digest: status.state(digest) for digest in dict.fromkeys([*planned, *status.best])}


def _headline(status: StudyStatus, states: dict[str, str]) -> str:
    counts = Counter(states.values())
    text = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    left = 0.0
    for sweep in status.active or ():
        if plan := status.plan(sweep.name):
            left += status.seconds_left(plan, sweep.queued)
    return (text or "no runs") + (f", about {duration(left)} left" if left else "")


def _lines(status: StudyStatus, with_tracebacks: bool = False) -> list[str]:
    """Return the whole status as text."""
    states = _states(status)
    lines = [f"{status.store.study}: {_headline(status, states)}"]
    for sweep in status.active or ():
        jobs = ", ".join(f"{n} {s.lower()}" for s, n in Counter(sweep.jobs.values()).items())
        lines.append(f"  sweep {sweep.name}: {len(sweep.queued)} runs remain, jobs: {jobs}")
    lines += [f"  {line}" for sweep in _latest_sweep(status) for line in sweep.warnings()]
    lines += _failures(status, with_tracebacks)
    unfinished = [record for record in status.best.values() if record.status != "finished"]
    for state in ("running", "interrupted", "lost"):
        found = [record for record in unfinished if states[record.digest] == state]
        lines += [_place(state, record, status.label(record)) for record in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"  {state}: and {len(found) - SHOWN} more")
    if set(states.values()) & {"lost", "interrupted", "failed", "crashed", "missing"}:
        lines.append("  the command that started them runs them again and skips what is finished")
    return lines


def _latest_sweep(status: StudyStatus) -> list[SweepFolder]:
    return SweepFolder.all_of(status.store.study)[-1:]


def _failures(status: StudyStatus, with_tracebacks: bool) -> Iterator[str]:
    failed = [r for r in status.best.values() if r.error and r.status in ("failed", "crashed")]
    causes = by_cause((record, record.error["message"]) for record in failed if record.error)
    for cause, records in causes.items():
        named = ", ".join(r.digest for r in records[:3]) + (", ..." * (len(records) > 3))
        yield f"  {records[0].status} ({len(records)}): {cause}"
        yield f"    {records[0].facts['title']}: {named}"
        for record in records if with_tracebacks else ():
            assert record.error is not None
            yield f"    {record.digest}: {record.error['message']}"
            yield from (f"      {line}" for line in record.error["traceback"].splitlines())


def _place(state: str, record: Record, label: str) -> str:
    minutes = (time.time() - record.started) / 60
    of = record.provenance
    where = f"job {of['job']}" if of.get("job") else f"process {of['pid']}"
    started = f"started {minutes:.1f} min ago by {where} on {of['host']}"
    parts = (f"  {state}: {record.digest} {label}", record.progress, started)
    return ", ".join(part for part in parts if part)


def _follow(stores: Sequence[Store]) -> None:
    """Print the status whenever it changes, until no sweep is active."""
    shown: dict[Path, str] = {}
    while True:
        found = [_ask(store) for store in stores]
        for status in found:
            study, headline = status.store.study, _headline(status, _states(status))
            if shown.get(study) != headline:
                shown[study] = headline
                _print([f"{study}: {headline}"])
        if not any(status.active for status in found):
            for status in found:
                _print(_lines(status)[1:])
            return
        time.sleep(FOLLOW_SECONDS)


def _log(stores: Sequence[Store], digest: str) -> list[str]:
    """Return the end of the latest attempt at a run, and the last lines that it printed."""
    record, store = _latest(stores, digest)
    lines = [f"{record.digest} {record.facts['title']}: {record.status}"]
    if record.error:
        lines += [record.error["message"], *record.error["traceback"].rstrip().splitlines()]
    if part := read_part(store.study, record, store.records()):
        path, text = part
        lines += [f"{path}:", *text.splitlines()[-LOG_LINES:]]
    elif not record.error:
        lines.append("it has no log in the study; logs of sweeps without failures are removed")
    return lines


def _config(stores: Sequence[Store], digest: str) -> list[str]:
    """Return the settings of a run as YAML, and the command that computes it again."""
    from grokrfm.config import command_line  # slow: it imports Hydra

    settings = dict(_latest(stores, digest)[0].config)
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    return [*text.splitlines(), f"# {shlex.join(['grokrfm', *command_line(settings)])}"]


def _latest(stores: Sequence[Store], digest: str) -> tuple[Record, Store]:
    """Return the latest attempt at the run whose digest begins so, and its store."""
    found = [(r, store) for store in stores for r in store.records() if r.digest.startswith(digest)]
    names = ", ".join(str(store.study) for store in stores)
    if not found:
        raise StoreError(f"no run with digest {digest} in {names}")
    if len(digests := sorted({record.digest for record, _ in found})) > 1:
        raise StoreError(
            f"several digests in {names} begin with {digest}: {', '.join(digests[:5])}"
        )
    return max(found, key=lambda pair: pair[0].started)


def _cancel(store: Store) -> list[str]:
    """Stop the active sweeps and withdraw their plans; what is finished stays."""
    status = StudyStatus(store)
    lines = []
    for sweep in list(active_sweeps(status)):
        folder = SweepFolder(store.study, sweep.name)
        folder.stop()
        cancel_jobs(folder)
        folder.withdraw()
        lines.append(f"sweep {sweep.name} is being stopped, {len(sweep.queued)} runs remain")
    return [f"{store.study}: {line}" for line in lines or ["no sweep is active"]]


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
    sys.stdout.flush()
