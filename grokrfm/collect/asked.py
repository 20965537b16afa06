"""Figures that the command line asks for: their settings, names and files."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from grokrfm.checks import GrokrfmError
from grokrfm.collect import presets
from grokrfm.collect.words import in_words
from grokrfm.runs.files import write_bytes
from grokrfm.text import printable

IMAGES = ("png", "pdf", "svg")
BOTH = ("where", "average_over", "value")
OF_A_FIGURE = ("x", "y", "hue", "panel", "set", "title", "size")
OF_A_TABLE = (
    *("rows", "columns", "statistic", "paired", "format", "figure", "table", "check"),
    *("percent", "digits", "no_n"),
)
LONGEST = 120  # characters of the name of a file


def is_image(output: Path | None) -> bool:
    """True if a file of this name holds a figure."""
    return output is not None and output.suffix[1:].lower() in IMAGES


def refuse_options(arguments: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Refuse options that mean nothing beside the others."""
    for name in names:
        if getattr(arguments, name) not in (None, "", [], False):
            raise GrokrfmError(f"--{name.replace('_', '-')} {why}")


def draw(arguments: argparse.Namespace) -> None:
    """Draw one figure: a preset, with the settings that the options change, or of a kind.

    Raises
    ------
    GrokrfmError   if an option is not one of figures, or the figure cannot be drawn
    """
    refuse_options(arguments, OF_A_TABLE, "is an option of tables, which a figure does not take")
    if arguments.kind and arguments.figure_preset:
        raise GrokrfmError("--kind and --figure-preset exclude each other; a preset has its kind")
    given = {name: getattr(arguments, name) for name in (*BOTH, *OF_A_FIGURE)}
    asked = {name: value for name, value in given.items() if value not in (None, "", [])}
    name = arguments.figure_preset or arguments.kind
    preset = {"kind": arguments.kind}
    if arguments.figure_preset:
        preset = presets.load("figure", name, arguments.config_dir)
    stem = named(name, asked | ({"label": arguments.label} if arguments.label else {}))
    write(arguments, settings(preset, asked), stem)


def settings(preset: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a preset with those that options name: hue is its `by`."""
    from grokrfm.collect.figures import KINDS

    kind = KINDS.get(str(preset["kind"]))
    known = {field.name for field in fields(kind)} if kind else set()
    changed = {name: value for name, value in asked.items() if name not in ("hue", "panel", "set")}
    if kind and "value" in changed and "value" not in kind.LISTS:
        [changed["value"]] = changed["value"][:1]
    if "panel" in asked and "panel" not in known:  # every group of such a kind is a panel
        changed["by"] = [*asked.get("hue", ()), *asked["panel"]]
    else:
        changed |= {{"hue": "by"}.get(n, n): asked[n] for n in ("hue", "panel") if n in asked}
    return {**preset, **changed, **dict(asked.get("set", ()))}


def write(arguments: argparse.Namespace, preset: Mapping[str, Any], stem: str) -> None:
    """Draw a figure and write it to --output, or into the study as PNG and PDF."""
    from grokrfm.collect import figures

    output: Path | None = arguments.output
    if output and not is_image(output):
        raise GrokrfmError(
            f"--output {output}: a figure is written as {', '.join(IMAGES)}; end the name with one"
            f" of them, as in {output.stem}.pdf"
        )
    if name := table_label(arguments):
        raise GrokrfmError(
            f"--label {name}: of a figure, write COLUMN=WORDS, as in kernel.name=kernel"
        )
    with in_words(words(arguments)):
        figure = figures.draw(arguments.studies, preset)
        if output:
            write_bytes(output, figures.encoded(figure, output.suffix[1:].lower()))
            written = [output]
        else:
            written = figures.save(figure, Path(arguments.studies[0]) / "figures" / stem)
    for path in written:
        sys.stderr.write(f"figure written to {printable(str(path))}\n")


def named(name: str, asked: Mapping[str, Any]) -> str:
    """Name of a file for a figure; other settings have another name, so that it overwrites none."""
    values = {key: _text(value) for key, value in asked.items()}
    parts = [name, *(t if k == "value" else f"{k}-{t}" for k, t in values.items())]
    plain = re.sub(r"[^\w.+]+", "-", "-".join(parts)).strip("-")
    if len(plain) > LONGEST or re.search(r"[^\w.+,\-]", "".join(values.values())):
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:6]
        return f"{plain[:LONGEST]}-{digest}"
    return plain


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(map(_text, value))
    return str(value)


def assignment(text: str) -> tuple[str, Any]:
    """Return the name and the value of NAME=VALUE, which is written as in YAML."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        return name, value


def label(text: str) -> tuple[str, str]:
    """Return the column and the words of COLUMN=WORDS; no column for the label of a table."""
    column, equals, words = text.partition("=")
    return (column, words) if equals else ("", text)


def words(arguments: argparse.Namespace) -> dict[str, str]:
    """Words that --label gives to columns."""
    return {column: words for column, words in arguments.label if column}


def table_label(arguments: argparse.Namespace) -> str:
    """LaTeX label that --label gives to a table; empty if none."""
    return next((words for column, words in arguments.label if not column), "")


def size(text: str) -> float | list[float]:
    """Return a width in inches, or [width, height] of WIDTHxHEIGHT."""
    try:
        numbers = [float(part) for part in text.lower().split("x")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2:
        raise argparse.ArgumentTypeError(
            f"expected inches as WIDTH or WIDTHxHEIGHT, such as 3.3 or 3.3x2.5, got {text!r}"
        )
    return numbers[0] if len(numbers) == 1 else numbers
