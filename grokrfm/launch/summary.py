"""Summary of a sweep in the terminal: its dry run, its submission or its outcome."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence

from grokrfm.config import build_run
from grokrfm.launch.chunks import duration
from grokrfm.launch.driver import SweepDriver
from grokrfm.runs.record import by_cause
from grokrfm.runs.together import fastest_batch
from grokrfm.terminal import Terminal

LITTLE_SPACE = 2**20
"""Bytes below which a disk counts as full."""

ORDER = ("already finished", "finished", "finished by others", "failed", "crashed")
TRACEBACK_LINES = 20

MANY = 100
"""Runs from which a summary says how much faster batches would be."""


def dry_run(driver: SweepDriver, terminal: Terminal) -> None:
    """Print the runs and jobs of a sweep that is not started."""
    sweep, runs = driver.sweep, driver.remaining()
    more = f" ({sweep.repeated} more compute the same as one of them)" if sweep.repeated else ""
    terminal.say(f"{_number(len(sweep.plan), 'run')} in {sweep.study}{more}")
    terminal.say(f"{len(sweep.plan) - len(runs)} of them are finished, {len(runs)} remain")
    for line in (*_jobs(driver, runs), *_batches(driver, len(runs))) if runs else ():
        terminal.say(line)
    terminal.say("nothing was started: dry_run=true")


def summary(driver: SweepDriver, terminal: Terminal, seconds: float) -> bool:
    """Print the outcome of a sweep; returns True if every run is finished, or need not wait.

    Parameters
    ----------
    seconds   that it has taken
    """
    if not driver.sweep.backend.wait:
        _print_submission(driver, terminal)
        return True
    counts = driver.counts()
    parts = [f"{counts[state]} {state}" for state in ORDER if counts[state]]
    if driver.sweep.repeated:
        parts.append(f"{driver.sweep.repeated} the same as one of these")
    ended = [record.metrics for record in driver.outcomes.values()]
    for line in driver.sweep.learner.remarks(ended):
        terminal.say(line)
    if counts["finished"]:
        study = shlex.quote(str(driver.sweep.study))
        terminal.say(
            f"written to {study} in {duration(seconds)}{_numbers(driver)};"
            f" next: grokrfm-collect {study}"
        )
    for line in _batches(driver, counts["finished"]):
        terminal.say(line)
    terminal.say(", ".join(parts) or "nothing was run")
    remaining = len(driver.remaining())
    warnings = driver.sweep.folder.warnings()
    for line in (*warnings, *_failures(driver), *_losses(driver, remaining)):
        terminal.problem(line)
    if remaining or counts["failed"] or counts["crashed"]:
        terminal.problem(f"run again what is not finished: {command()}")
        return False
    return True


def _numbers(driver: SweepDriver) -> str:
    """Return the means of the leading numbers that every run finished in a sweep has."""
    runs = [one.metrics for one in driver.outcomes.values() if one.status == "finished"]
    shown = []
    for name in driver.sweep.plan.names.leading:
        values = [value for run in runs if isinstance(value := run.get(name), (int, float))]
        if len(values) == len(runs):
            shown.append(f"{name} {sum(values) / len(values):.3g}")
    means = f" (mean of {len(runs)} runs)" if len(runs) > 1 else ""
    return f": {', '.join(shown)}{means}" if shown else ""


def command() -> str:
    """Return the command line that was given."""
    name = sys.argv[0].rpartition("/")[2]
    return shlex.join([name, *sys.argv[1:]])


def _jobs(driver: SweepDriver, runs: Sequence[int]) -> Iterator[str]:
    backend, costs = driver.sweep.backend, [driver.sweep.plan.costs[i] for i in runs]
    jobs = backend.jobs(runs, costs)
    yield (
        f"{_number(len(jobs), 'job')} of {_number(backend.workers, 'worker')},"
        f" the largest of {_number(max(map(len, jobs)), 'run')}"
    )
    busy = min(min(len(jobs), backend.parallel_jobs) * backend.workers, len(runs))
    shortest = max(sum(costs) / busy, max(costs))
    yield (
        f"about {duration(sum(costs))} of computing, {duration(shortest)} if all"
        f" workers are free; estimates improve once runs like these are finished"
    )
    largest = max(runs, key=lambda i: driver.sweep.plan.costs[i])
    needed = build_run(driver.sweep.plan.settings[largest]).learner.memory() or 0.0
    if needed > backend.memory_bytes:
        yield (
            f"the largest run needs at least {needed / 1e9:.3g} GB of memory, and there are"
            f" {backend.memory_bytes / 1e9:.3g} GB"
        )
    if script := backend.script(driver.sweep.folder):
        yield f"\n{script}"


def _batches(driver: SweepDriver, runs: int) -> Iterator[str]:
    """Yield how much faster many small runs would be in batches."""
    learner, device = driver.sweep.learner, driver.sweep.backend.torch_device
    if runs < MANY or learner.batch != 1:
        return
    found = fastest_batch(learner, device)
    if found.size > 1:
        yield f"runs like the first are {found}: set {learner.batch_setting}=auto"


def _print_submission(driver: SweepDriver, terminal: Terminal) -> None:
    runs = sum(len(job.runs) for job in driver.jobs)
    parts = [f"{_number(runs, 'run')} submitted in {_number(len(driver.jobs), 'job')}"]
    if driver.finished_before:
        parts.append(f"{len(driver.finished_before)} already finished")
    if driver.claimed_by_others:
        parts.append(f"{len(driver.claimed_by_others)} being computed by others")
    terminal.say(", ".join(parts))
    terminal.say(f"to follow them: grokrfm-status {driver.sweep.study}")


def _failures(driver: SweepDriver) -> Iterator[str]:
    """Yield failures by their cause, each with one traceback as example."""
    index = driver.sweep.plan.index
    errors = {
        digest: record.error
        for digest, record in driver.outcomes.items()
        if record.error and digest in index
    }
    messages = [(digest, error["message"]) for digest, error in errors.items()]
    for cause, digests in by_cause(messages).items():
        first = digests[0]
        more = f" and {len(digests) - 1} more" if len(digests) > 1 else ""
        run = " ".join(driver.sweep.overrides[index[first]])
        yield f"{len(digests)} {driver.outcomes[first].status}: {cause}"
        yield f"  in {run} (digest {first}){more}"
        example = errors[first]["traceback"].strip()
        if example:
            yield "\n".join(f"    {line}" for line in example.splitlines()[-TRACEBACK_LINES:])


def _losses(driver: SweepDriver, remaining: int) -> Iterator[str]:
    if not remaining:
        return
    if driver.stopping:
        yield f"stopped; not run: {_number(remaining, 'run')}; the next launch continues them"
        return
    if shutil.disk_usage(driver.sweep.study).free < LITTLE_SPACE:
        yield f"the disk of {driver.sweep.study} is full"
    for reason, jobs in driver.lost.items():
        shown = ", ".join(job.id for job in jobs[:3]) + (", ..." if len(jobs) > 3 else "")
        yield f"job {shown} is lost: {reason}"
    yield f"not run: {_number(remaining, 'run')}"


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"
