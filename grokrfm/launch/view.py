"""What a person sees of a sweep: before it, while it goes on, and when it is over."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grokrfm.launch.chunks import duration
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.slurm import Slurm
from grokrfm.runs.record import Record, by_cause
from grokrfm.terminal import Terminal

SLOTS_SHOWN = 12
REFRESH_SECONDS = 0.5
LITTLE_SPACE = 2**20


class LiveTable:
    """The sweep as it goes on, redrawn in place; silent where there is no terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal, self._drawn = terminal, 0.0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._draw = self._stack.enter_context(self._terminal.live())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def update(self, driver: SweepDriver) -> None:
        if time.monotonic() - self._drawn > REFRESH_SECONDS:
            self._draw(_shown(driver))
            self._drawn = time.monotonic()


def _shown(driver: SweepDriver) -> RenderableType:
    counts = _counts(driver)
    total = len(driver.sweep.plan)
    done = total - counts.get("waiting", 0) - counts.get("running", 0)
    line = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=total, completed=done, width=24)
    left = _seconds_left(driver)
    until = f"about {duration(left)} left" if left is not None else ""
    line.add_row(bar, Text(f"{done} of {total} done"), Text(until))
    parts = [f"{n} {name}" for name, n in counts.items() if n]
    state = "stopping: runs are left as soon as they are safe (Ctrl-C again: at once)"
    text = Text(state if driver.stopping else "  ".join(parts))
    slots = Table.grid(padding=(0, 2))
    running = sorted(_running(driver), key=lambda record: record.started)
    for record in running[:SLOTS_SHOWN]:
        where = record.provenance.get("job") or record.provenance["pid"]
        device = record.provenance.get("visible_devices")
        slots.add_row(
            f"{record.provenance['host']} {where}" + (f" [{device}]" if device else ""),
            f"{time.time() - record.started:.0f} s",
            f"{record.facts['title']}, seed {record.config.get('seed')}",
        )
    if len(running) > SLOTS_SHOWN:
        slots.add_row("", "", f"and {len(running) - SLOTS_SHOWN} more")
    return Group(line, text, slots)


def dry_run(driver: SweepDriver, terminal: Terminal) -> None:
    """Say what a sweep would do."""
    driver.skip_finished()
    sweep, runs = driver.sweep, driver.left()
    more = f" ({sweep.repeated} more compute the same as one of them)" if sweep.repeated else ""
    terminal.say(f"{_number(len(sweep.plan), 'run')} in {sweep.study}{more}")
    terminal.say(f"{len(sweep.plan) - len(runs)} of them are finished, {len(runs)} are to be run")
    if runs:
        _say_jobs(driver, runs, terminal)
    terminal.say("nothing was started: dry_run=true")


def _say_jobs(driver: SweepDriver, runs: Sequence[int], terminal: Terminal) -> None:
    place, costs = driver.place, [driver.sweep.plan.costs[i] for i in runs]
    jobs = place.jobs(runs, costs)
    slots = len(place.slots_of_a_job())
    terminal.say(
        f"{_number(len(jobs), 'job')} of {_number(slots, 'slot')},"
        f" the largest of {_number(max(map(len, jobs)), 'run')}"
    )
    busy = min(len(jobs), getattr(place, "parallel", 1)) * slots
    terminal.say(
        f"about {duration(sum(costs))} of computing, {duration(sum(costs) / busy)} if all"
        f" slots are free; both are estimates, better ones once runs like these are finished"
    )
    if isinstance(place, Slurm):
        terminal.say(f"\n{place.sbatch_text(driver.folder)}")


def summary(driver: SweepDriver, terminal: Terminal) -> bool:
    """Say how a sweep went; returns whether all that it waited for is finished."""
    if not driver.place.wait:
        _submitted(driver, terminal)
        return True
    counts = _counts(driver)
    order = ("already finished", "finished", "finished elsewhere", "failed", "crashed")
    parts = [f"{counts[status]} {status}" for status in order if counts.get(status)]
    if driver.sweep.repeated:
        parts.append(f"{driver.sweep.repeated} the same as one of these")
    for line in _by_lu(driver):
        terminal.say(line)
    terminal.say(", ".join(parts) or "nothing was run")
    for line in _failures(driver):
        terminal.problem(line)
    left = len(driver.left())
    for line in _losses(driver, left):
        terminal.problem(line)
    if left or counts.get("failed") or counts.get("crashed"):
        terminal.problem(f"run again what is not finished: {command()}")
        return False
    return True


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _by_lu(driver: SweepDriver) -> Iterator[str]:
    """In how many iterations LU took over: the papers' preset allows it, and hides it nowhere."""
    metrics = [outcome.metrics for outcome in driver.progress.outcomes.values()]
    counts = [one["lu_iterations"] for one in metrics if one.get("lu_iterations")]
    if counts:
        span = f"{min(counts)}" if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"
        yield f"solved by LU in {span} iterations ({_number(len(counts), 'run')})"


def _submitted(driver: SweepDriver, terminal: Terminal) -> None:
    jobs = len(driver.states)
    runs = sum(len(job.runs) for job in driver.states)
    parts = [f"{_number(runs, 'run')} submitted in {_number(jobs, 'job')}"]
    if driver.skipped:
        parts.append(f"{len(driver.skipped)} already finished")
    if driver.elsewhere:
        parts.append(f"{len(driver.elsewhere)} in hand elsewhere")
    terminal.say(", ".join(parts))
    terminal.say(f"grokrfm-status {driver.sweep.study} tells how it goes")


def _failures(driver: SweepDriver) -> Iterator[str]:
    """Failures by their cause, each with one traceback as example."""
    plan = driver.sweep.plan
    failed = [
        (digest, outcome)
        for digest, outcome in driver.progress.outcomes.items()
        if outcome.error and digest in plan.index
    ]
    errors = {digest: outcome.error for digest, outcome in failed if outcome.error}
    messages = [(digest, error["message"]) for digest, error in errors.items()]
    for cause, digests in by_cause(messages).items():
        first = digests[0]
        more = f" and {len(digests) - 1} more" if len(digests) > 1 else ""
        run = " ".join(driver.sweep.overrides[plan.index[first]])
        yield f"{len(digests)} {driver.progress.outcomes[first].status}: {cause}"
        yield f"  in {run} (digest {first}){more}"
        example = errors[first]["traceback"].strip()
        if example:
            yield "\n".join(f"    {line}" for line in example.splitlines()[-20:])


def _losses(driver: SweepDriver, left: int) -> Iterator[str]:
    if not left:
        return
    if driver.stopping:
        yield f"stopped, {_number(left, 'run')} left; those under way go on from their checkpoints"
        return
    if shutil.disk_usage(driver.sweep.study).free < LITTLE_SPACE:
        yield f"the disk of {driver.sweep.study} is full"
    for reason, jobs in driver.reasons.items():
        shown = ", ".join(job.id for job in jobs[:3]) + (", ..." if len(jobs) > 3 else "")
        yield f"job {shown} is lost: {reason}"
    yield f"not run: {_number(left, 'run')}"


def command() -> str:
    """The command line that was given."""
    name = sys.argv[0].rpartition("/")[2]
    return shlex.join([name, *sys.argv[1:]])


def _counts(driver: SweepDriver) -> dict[str, int]:
    """Status → how many of the runs have it; the runs finished before count as skipped."""
    counts: dict[str, int] = {}
    running = {record.digest for record in _running(driver)}
    for i, digest in enumerate(driver.sweep.plan.digests):
        status = "waiting"
        if digest in driver.progress.outcomes:
            status = driver.progress.outcomes[digest].status
        elif i in driver.skipped:
            status = "already finished"
        elif digest in running:
            status = "running"
        elif digest in driver.progress.elsewhere and i not in driver.incomplete:
            status = "finished elsewhere"
        counts[status] = counts.get(status, 0) + 1
    return counts


def _running(driver: SweepDriver) -> list[Record]:
    """The runs of this sweep under way, wherever."""
    return [
        record
        for record in driver.progress.running.values()
        if record.digest in driver.sweep.plan.index and record.status == "running"
    ]


def _seconds_left(driver: SweepDriver) -> float | None:
    """An estimate of the time to the end; None before anything has ended."""
    plan, ended = driver.sweep.plan, driver.progress.outcomes
    estimated = sum(plan.costs[plan.index[digest]] for digest in ended)
    if not estimated:
        return None
    measured = sum(outcome.seconds for outcome in ended.values())
    left = sum(plan.costs[i] for i in driver.left())
    return left * measured / estimated / max(1, len(_running(driver)))
