"""LiveTable: progress of a sweep in the terminal."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Self

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grokrfm.launch.chunks import duration
from grokrfm.launch.driver import SweepDriver
from grokrfm.terminal import LINE_SECONDS, Terminal
from grokrfm.text import printable

RUNS_SHOWN = 12
REFRESH_SECONDS = 0.5

STOPPING = "stopping: runs end as soon as their state is safe (Ctrl-C again: at once)"


class LiveTable:
    """Progress of a sweep, redrawn in place; without a terminal, a line every half minute."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._every = REFRESH_SECONDS if terminal.is_live else LINE_SECONDS
        self._shown = 0.0 if terminal.is_live else time.monotonic()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._draw = self._stack.enter_context(self._terminal.live())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def update(self, driver: SweepDriver) -> None:
        """Show the progress, if the last update is long enough ago."""
        if time.monotonic() - self._shown < self._every:
            return
        self._shown = time.monotonic()
        if self._terminal.is_live:
            self._draw(_table(driver))
        else:
            done, total, states = _progress(driver)
            self._terminal.say(", ".join([f"{done} of {total} done", *states]))


def _progress(driver: SweepDriver) -> tuple[int, int, list[str]]:
    """Return the runs done, all runs, and counts by state and the remaining time in words."""
    counts, seconds = driver.counts(), driver.seconds_left()
    states = [f"{n} {state}" for state, n in counts.items()]
    states += [f"about {duration(seconds)} left"] if seconds else []
    return counts.total() - counts["queued"] - counts["running"], counts.total(), states


def _table(driver: SweepDriver) -> RenderableType:
    done, total, states = _progress(driver)
    line = Table.grid(padding=(0, 2))
    line.add_row(
        ProgressBar(total=total, completed=done, width=24), Text(f"{done} of {total} done")
    )
    text = Text(STOPPING if driver.stopping else "  ".join(states))
    runs = Table.grid(padding=(0, 2))
    running = driver.running()
    for record in running[:RUNS_SHOWN]:
        where = record.provenance.get("job") or record.provenance["pid"]
        device = record.provenance.get("visible_devices")
        runs.add_row(
            _text(driver.sweep.label(driver.sweep.plan.index[record.digest])),
            _text(record.progress or "starting"),
            f"{time.time() - record.started:.0f} s",
            _text(f"{record.provenance['host']} {where}" + (f" [{device}]" if device else "")),
        )
    if len(running) > RUNS_SHOWN:
        runs.add_row(f"and {len(running) - RUNS_SHOWN} more")
    return Group(line, text, runs)


def _text(text: str) -> Text:
    return Text(printable(text))
