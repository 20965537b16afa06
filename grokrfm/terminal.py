"""What a person sees in the terminal while runs go on and when they are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from grokrfm.config import Plan
from grokrfm.runs.learner import Observation, Run
from grokrfm.runs.record import Record, by_cause


class Terminal:
    """Progress and summaries on standard output, problems on standard error.

    The progress line is live in a terminal and silent elsewhere.
    """

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        self._out.print(escape(text))

    @contextmanager
    def status(self, text: str) -> Iterator[None]:
        """Show that something takes a moment."""
        if not self._out.is_terminal:
            yield
            return
        with self._out.status(escape(text)):
            yield

    @contextmanager
    def live(self) -> Iterator[Callable[[RenderableType], None]]:
        """A place that can be redrawn; nothing is shown where there is no terminal."""
        if not self._out.is_terminal:
            yield lambda shown: None
            return
        with Live(console=self._out, transient=True, auto_refresh=False) as live:
            yield lambda shown: live.update(shown, refresh=True)

    def problem(self, text: str) -> None:
        self._err.print(escape(text), style="red")

    @contextmanager
    def watching(self, plan: Plan) -> Iterator[ProgressLine]:
        """Show the iterations of a run while it goes on."""
        progress = Progress(
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(compact=True),
        )
        line = ProgressLine(progress, plan.experiment.iterations)
        if not self._out.is_terminal:
            yield line
            return
        shown = Group(Text(f"running   {label(plan)}"), progress)
        with Live(shown, console=self._out, transient=True, refresh_per_second=8):
            yield line

    def summary(self, record: Record, plan: Plan) -> None:
        """What ran, how well it went, and where it is written."""
        facts, metrics = record.facts, record.metrics
        self.say(f"{record.status}  {label(plan)}")
        if record.error:
            self.problem(f"  {record.error['type']}: {record.error['message']}")
            if record.error["traceback"]:
                self._err.print(escape(record.error["traceback"]), style="dim")
        self.say(f"  train  {facts['n_train']} rows: {_side(metrics, 'train')}")
        self.say(f"  test   {facts['n_test']} rows: {_side(metrics, 'test')}{_strata(record)}")
        for line in _remarks(metrics, record.status == "finished"):
            self.say(f"  {line}")
        seconds = record.seconds or 0.0
        provenance = record.provenance
        self.say(
            f"  iterations: {metrics['updates']} in {seconds:.1f} s"
            f" (device {provenance['device']}, threads {provenance['threads']})"
        )
        self.say(f"  written to {plan.study}, digest {record.digest}")

    def skipped(self, record: Record, plan: Plan) -> None:
        """That a run is there already."""
        accuracy = _percent(record.metrics.get("test_accuracy"))
        self.say(
            f"already finished  {label(plan)}: test accuracy {accuracy}"
            f" (digest {record.digest}; rerun=true computes it again)"
        )

    def totals(self, outcomes: Sequence[str], problems: Sequence[tuple[str, str]]) -> None:
        """How a sweep went, its failures grouped by cause."""
        counts = Counter(outcomes)
        self.say(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
        for cause, runs in by_cause(problems).items():
            more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
            self.problem(f"{cause}\n  in {runs[0]}{more}")


class ProgressLine:
    """An observer of one run."""

    def __init__(self, progress: Progress, iterations: int) -> None:
        self._progress = progress
        self._task = progress.add_task("iterations", total=iterations, numbers="starting")

    def on_step(self, run: Run, observation: Observation) -> None:
        numbers = observation.numbers
        shown = (
            f"train {_percent(numbers.get('train_accuracy'))}"
            f"  test {_percent(numbers.get('test_accuracy'))}"
            f"  {numbers['seconds']:.2g} s/it"
        )
        self._progress.update(self._task, advance=1, numbers=shown)


def label(plan: Plan) -> str:
    """A run in a line: its options, and the settings of its split."""
    settings = plan.settings
    moves = " ".join(_settings(settings["split"]))
    kernel, name = settings["kernel"].get("name"), settings["split"].get("name")
    return f"{plan.experiment.task.title}, {kernel}, {name} {moves}, seed {settings['seed']}"


def _settings(option: Mapping[str, Any]) -> Iterator[str]:
    """What is set in an option; of an option within it, its name and settings."""
    for key, value in option.items():
        if isinstance(value, Mapping) and "_target_" in value:
            yield " ".join([f"{key}={value.get('name')}", *_settings(value)])
        elif key not in ("_target_", "name") and value:
            yield f"{key}={value}"


def _side(metrics: Mapping[str, Any], side: str) -> str:
    loss = metrics.get(f"{side}_loss")
    shown = "" if loss is None else f", loss {loss:.3g}"
    return f"accuracy {_percent(metrics.get(f'{side}_accuracy'))}{shown}"


def _strata(record: Record) -> str:
    counts = {
        name.removeprefix("n_test_"): count
        for name, count in record.facts.items()
        if name.startswith("n_test_") and count
    }
    parts = [
        f"{stratum} {count} rows: {_percent(record.metrics.get(f'test_accuracy_{stratum}'))}"
        for stratum, count in counts.items()
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _remarks(metrics: Mapping[str, Any], finished: bool) -> Iterator[str]:
    strict, undecided = metrics.get("test_accuracy_strict"), metrics.get("undecided")
    if undecided:
        yield (
            f"{_percent(undecided)} of the test rows are undecided (their two largest outputs tie);"
            f" counting clear leads only, test accuracy is {_percent(strict)}"
        )
    if finished and metrics.get("grok_iteration") is not None:
        yield f"grokked at iteration {metrics['grok_iteration']}"
    if finished and metrics.get("stopped_early"):
        yield f"stopped early, after {metrics['updates']} iterations: nothing moved any more"
    if metrics.get("lu_iterations"):
        yield f"solved by LU in {metrics['lu_iterations']} iterations"


def _percent(share: object) -> str:
    return f"{share:.1%}".replace("%", " %") if isinstance(share, float) else "not known"
