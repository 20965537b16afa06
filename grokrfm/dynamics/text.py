"""Text about a run for the terminal: its progress and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grokrfm.runs.record import Number


def progress(numbers: Mapping[str, Number]) -> str:
    """Return loss, entanglement and verdict of an observation."""
    words = {"reconstruction_loss": "loss", "entanglement": "entanglement"}
    shown = [f"{word} {numbers[name]:.3g}" for name, word in words.items() if name in numbers]
    return "  ".join([*shown, str(numbers.get("verdict") or "").replace("_", " ")]).rstrip()


def summary(facts: Mapping[str, Any], metrics: Mapping[str, Number]) -> Iterator[str]:
    """Yield the lines that sum up a run: fit, transitions, group, restarts, horizon."""
    if "reconstruction_loss" not in metrics:  # the loss was not finite before any observation
        return
    yield f"loss {metrics['reconstruction_loss']:.3g} a pixel{_entanglement(metrics)}"
    if isinstance(seen := metrics.get("seen_accuracy"), float):
        held = metrics.get("held_out_accuracy")
        rest = f"; of {facts['n_held_out']} held out {held:.1%}" if isinstance(held, float) else ""
        yield f"right: {seen:.1%} of {facts['n_seen']} seen transitions{rest}".replace("%", " %")
    if "verdict" in metrics:
        yield f"{_group(metrics)}: {str(metrics['verdict']).replace('_', ' ')}"
    if facts["restarts"] > 1 and metrics.get("restarts_recovered") is not None:
        yield f"restarts that recovered it: {metrics['restarts_recovered']} of {facts['restarts']}"
    errors = {name.rpartition("_")[2]: value for name, value in metrics.items()
              if name.startswith("error_at_") and value is not None}  # fmt: skip
    if errors:
        listed = ", ".join(f"{horizon}: {value:.3g}" for horizon, value in errors.items())
        yield f"error of roll-outs after so many actions: {listed}"


def _entanglement(metrics: Mapping[str, Number]) -> str:
    value = metrics.get("entanglement")
    return f", entanglement {value:.3g}" if isinstance(value, float) else ""


def _group(metrics: Mapping[str, Number]) -> str:
    order, expected = metrics["closure_order"], metrics["group_order"]
    if not order:
        return (
            f"the matrices generate no small finite group; the actions generate one of {expected}"
        )
    return (
        f"the matrices generate a group of {order} elements, {metrics['group_name']};"
        f" the actions one of {expected}"
    )
