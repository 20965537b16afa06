"""Text about a run for the terminal: its parts, its progress, its summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from grokrfm.runs.record import Number

_SHOWN = re.compile(
    r"(train|test)_(accuracy|loss)|undecided|margin_(smallest|median)|grok_iteration"
    r"|updates|stopped_early|lu_iterations"
)
"""Begins of the numbers that the summary of a run words itself, and of the margins."""


def described(part: Any) -> str:
    """Return the name of a part and its settings that are not zero, empty or none."""
    shown = [option_name(part)]
    for field in fields(part) if is_dataclass(part) else ():
        value = getattr(part, field.name)
        if is_dataclass(value):
            shown.append(f"{field.name}={described(value)}")
        elif value:
            shown.append(f"{field.name}={value}")
    return " ".join(shown)


def option_name(part: Any) -> str:
    """Return the class of a part in the spelling of options, such as fixed_points."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(part).__name__).lower()


def progress(numbers: Mapping[str, Number]) -> str:
    """Return the accuracies and the time of an iteration."""
    return (
        f"train {percent(numbers.get('train_accuracy'))}"
        f"  test {percent(numbers.get('test_accuracy'))}"
        f"  {numbers['seconds']:.2g} s/it"
    )


def summary(facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> Iterator[str]:
    """Yield the lines that sum up a run: both sides of the split, and remarks."""
    yield f"train  {facts['n_train']} rows: {_side(metrics, 'train')}"
    yield f"test   {facts['n_test']} rows: {_side(metrics, 'test')}{_strata(facts, metrics)}"
    strict, undecided = metrics.get("test_accuracy_strict"), metrics.get("undecided")
    if undecided:
        yield (
            f"{percent(undecided)} of the test rows are undecided (their two largest outputs tie);"
            f" counting clear leads only, test accuracy is {percent(strict)}"
        )
    if metrics.get("grok_iteration") is not None:
        yield f"grokked at iteration {metrics['grok_iteration']}"
    if metrics.get("stopped_early"):
        yield f"stopped early, after {metrics['updates']} iterations: nothing moved any more"
    others = {name: value for name, value in metrics.items() if not _SHOWN.match(name)}
    if shown := [_number(name, value) for name, value in others.items() if value is not None]:
        yield f"also measured: {', '.join(shown)}"


def _number(name: str, value: object) -> str:
    return f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"


def solved_by_lu(metrics: Sequence[Mapping[str, Number]]) -> list[str]:
    """Return in how many iterations LU replaced Cholesky; `rfm=paper` allows it."""
    counts = [count for one in metrics if (count := one.get("lu_iterations"))]
    if not counts:
        return []
    span = f"{min(counts)}" if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"
    runs = f" ({len(counts)} runs)" if len(metrics) > 1 else ""
    return [f"solved by LU in {span} iterations{runs}"]


def percent(share: object) -> str:
    """Return a share in percent."""
    return f"{share:.1%}".replace("%", " %") if isinstance(share, float) else "not known"


def _side(metrics: Mapping[str, Number], side: str) -> str:
    loss = metrics.get(f"{side}_loss")
    shown = "" if loss is None else f", loss {loss:.3g}"
    return f"accuracy {percent(metrics.get(f'{side}_accuracy'))}{shown}"


def _strata(facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> str:
    counts = {
        name.removeprefix("n_test_"): count
        for name, count in facts.items()
        if name.startswith("n_test_") and count
    }
    parts = [
        f"{stratum} {count} rows: {percent(metrics.get(f'test_accuracy_{stratum}'))}"
        for stratum, count in counts.items()
    ]
    return f" ({', '.join(parts)})" if parts else ""
