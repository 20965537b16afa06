"""Terminal: progress and summaries of runs, for people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.jupyter import JupyterMixin
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from grokrfm.runs.learner import Observation, Run
from grokrfm.runs.observer import Observer
from grokrfm.runs.record import Record, by_cause
from grokrfm.text import printable_lines

REDRAW_SECONDS = 0.12
"""Seconds between two states of a progress bar."""

LINE_SECONDS = 25.0
"""Seconds between two progress lines where there is no terminal."""


class Terminal:
    """Progress and summaries on standard output, problems on standard error.

    Progress is redrawn in place in a terminal and in a notebook; elsewhere it is a line every half
    minute.
    """

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    @property
    def is_live(self) -> bool:
        """True if what is shown can be redrawn in place."""
        return self._out.is_terminal or self._out.is_jupyter

    def say(self, text: str) -> None:
        self._out.print(_shown(text))

    @contextmanager
    def status(self, text: str) -> Iterator[None]:
        """Show a text during a short step."""
        if not self._out.is_terminal:
            yield
            return
        with self._out.status(_shown(text)):
            yield

    @contextmanager
    def live(self) -> Iterator[Callable[[RenderableType], None]]:
        """Yield a function that redraws in place; it shows nothing without a terminal."""
        if not self.is_live:
            yield lambda shown: None
            return
        if self._out.is_jupyter:
            from IPython.display import display  # where there is a notebook, there is IPython

            output = display(Text(), display_id=True)
            yield lambda shown: output.update(_InNotebook(shown))
            return
        with Live(console=self._out, transient=True, auto_refresh=False) as live:
            yield lambda shown: live.update(shown, refresh=True)

    def problem(self, text: str) -> None:
        self._err.print(_shown(text), style="red")

    @contextmanager
    def watching(self, run: Run) -> Iterator[ProgressLine]:
        """Show the progress of a run."""
        with self.live() as draw:
            yield ProgressLine(self, run, draw)

    def summary(self, record: Record, run: Run, study: Path) -> None:
        """Show a run, its numbers, and the folder that holds them."""
        self.say(f"{record.status}  {label(run)}")
        if record.error:
            kind, message = record.error["type"], record.error["message"]
            self.problem(f"  {message if message.startswith(kind) else f'{kind}: {message}'}")
            if record.error["traceback"]:
                self._err.print(_shown(record.error["traceback"]), style="dim")
        for line in run.learner.summary(record.facts, record.metrics):
            self.say(f"  {line}")
        provenance = record.provenance
        self.say(
            f"  iterations: {record.metrics['updates']} in {record.seconds or 0.0:.1f} s"
            f" (device {provenance['device']}, threads {provenance['threads']})"
        )
        self.say(f"  written to {study}, digest {record.digest}")

    def skipped(self, record: Record, run: Run) -> None:
        """Show a run that was finished before."""
        self.say(f"already finished  {label(run)}")
        for line in run.learner.summary(record.facts, record.metrics):
            self.say(f"  {line}")
        self.say(f"  digest {record.digest}; rerun=true computes it again")

    def totals(self, outcomes: Sequence[str], problems: Sequence[tuple[str, str]]) -> None:
        """Show the outcomes of a sweep, its failures grouped by cause."""
        counts = Counter(outcomes)
        self.say(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
        for cause, runs in by_cause(problems).items():
            more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
            self.problem(f"{cause}\n  in {runs[0]}{more}")


class ProgressLine(Observer):
    """Progress of one run."""

    def __init__(
        self, terminal: Terminal, run: Run, draw: Callable[[RenderableType], None]
    ) -> None:
        self._bar = Progress(
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(compact=True),
        )
        self._terminal, self._learner, self._draw = terminal, run.learner, draw
        self._task = self._bar.add_task("", total=run.learner.iterations, numbers="starting")
        self._view = Group(_shown(f"running   {label(run)}"), self._bar)
        self._draw(self._view)
        self._said = self._drawn = time.monotonic()

    def observed(self, record: Record, observation: Observation) -> None:
        updates, numbers = observation.iteration + 1, self._learner.progress(observation.numbers)
        self._bar.update(self._task, completed=updates, numbers=numbers)
        now, of = time.monotonic(), self._learner.iterations
        if self._terminal.is_live and (now - self._drawn > REDRAW_SECONDS or updates == of):
            self._drawn = now
            self._draw(self._view)
        elif not self._terminal.is_live and now - self._said > LINE_SECONDS:
            self._said = now
            self._terminal.say(f"iteration {updates} of {of}: {numbers}")


@dataclass(frozen=True)
class _InNotebook(JupyterMixin):
    """Content of a notebook's cell."""

    content: RenderableType

    def __rich__(self) -> RenderableType:
        return self.content


def _shown(text: str) -> Text:
    return Text(printable_lines(text))


def label(run: Run) -> str:
    """Return a run in one line."""
    seed = f", seed {run.config['seed']}" if "seed" in run.names.scientific else ""
    return f"{run.learner.title}{seed}"
