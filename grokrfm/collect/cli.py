"""The command `grokrfm-collect`: tables and figures of one or more studies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokrfm.checks import GrokrfmError
from grokrfm.collect.options import parser
from grokrfm.command import run_command
from grokrfm.runs.files import is_read_only
from grokrfm.text import printable

if TYPE_CHECKING:
    import pandas as pd


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    run_command(_collect)


def _collect() -> None:
    arguments = parser().parse_args()
    asked = ("rows", "columns", "value", "statistic", "where", "paired", "average_over")
    ad_hoc = any(getattr(arguments, name) for name in (*asked, "format", "output", "figure"))
    if not ad_hoc:
        _all(arguments)
    elif arguments.check or arguments.table:
        raise GrokrfmError(
            "--check and --table apply to presets; remove the options of a single table or figure"
        )
    else:
        _one(arguments)


def _one(arguments: argparse.Namespace) -> None:
    """Write the table and the figures that the options describe."""
    from grokrfm.collect.formats import FORMATS as WRITERS
    from grokrfm.collect.frames import runs
    from grokrfm.collect.layout import Layout
    from grokrfm.collect.tables import build

    kind = arguments.format or ("terminal" if sys.stdout.isatty() else "markdown")
    if kind == "parquet" and not arguments.output:
        raise GrokrfmError("parquet is binary; write it to a file with --output FILE.parquet")
    frame = runs(arguments.studies)
    layout = Layout(
        rows=arguments.rows,
        columns=arguments.columns,
        values=arguments.value,
        statistic=arguments.statistic or "mean",
        where=arguments.where,
        paired=arguments.paired,
        average_over=arguments.average_over,
    )
    table = build(frame, layout)
    if kind == "parquet":
        from grokrfm.collect.formats.parquet import parquet

        content = parquet(table)
    else:
        content = WRITERS[kind](table).encode()
    if arguments.figure:
        _draw(frame, arguments)
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_bytes(content)
    else:
        sys.stdout.write(content.decode())


def _all(arguments: argparse.Namespace) -> None:
    """Write the tables and figures that the studies name."""
    from grokrfm.collect import products
    from grokrfm.collect.formats import terminal
    from grokrfm.collect.frames import frame
    from grokrfm.collect.reading import read
    from grokrfm.collect.tables import build

    reading = read(arguments.studies)
    runs = frame(reading)
    wanted = products.wanted(reading, runs, arguments.table, arguments.config_dir)
    folder = Path(arguments.studies[0])
    read_only = is_read_only(folder)
    problems: list[str] = []
    for name, layout in wanted.tables.items():
        try:
            table = build(runs, layout)
        except GrokrfmError as error:
            problems.append(f"table {name}: {error}")
            continue
        files = products.files(folder / "tables", name, table)
        if arguments.check:
            problems += products.changes(files)
        else:
            sys.stdout.write(f"{terminal(table)}\n")
            endings = ",".join(path.suffix[1:] for path in files)
            if read_only:
                sys.stderr.write(f"table {name} is not written: {folder} is read-only\n")
                continue
            products.write(files)
            stem = printable(str(folder / "tables" / name))
            sys.stderr.write(f"table written to {stem}.{{{endings}}}\n")
    for name, preset in wanted.figures.items() if not arguments.check else ():
        if read_only:
            sys.stderr.write(f"figure {name} is not drawn: {folder} is read-only\n")
            continue
        try:
            _draw_preset(arguments.studies, folder / "figures" / name, preset)
        except GrokrfmError as error:
            problems.append(f"figure {name}: {error}")
    if problems:
        raise GrokrfmError("\n".join(problems))


def _draw_preset(studies: Sequence[str], stem: Path, preset: Mapping[str, Any]) -> None:
    from grokrfm.collect import figures  # matplotlib is slow to import and often not needed

    _saved(figures.draw(studies, preset), stem)


def _draw(frame: pd.DataFrame, arguments: argparse.Namespace) -> None:
    from grokrfm.collect import figures
    from grokrfm.collect.observations import steps

    history = steps(arguments.studies)
    for value in arguments.figure:
        figure = figures.over_iterations(history, frame, value, arguments.rows)
        _saved(figure, Path(arguments.studies[0]) / "figures" / value)


def _saved(figure: Any, stem: Path) -> None:
    from grokrfm.collect import figures

    for path in figures.save(figure, stem):
        sys.stderr.write(f"figure written to {printable(str(path))}\n")
