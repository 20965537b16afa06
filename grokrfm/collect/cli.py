"""The command `grokrfm-collect`: tables and figures of one or more studies."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grokrfm.checks import GrokrfmError
from grokrfm.collect import asked
from grokrfm.collect.options import SUFFIXES, parser
from grokrfm.collect.words import in_words
from grokrfm.collect.writing import Writing
from grokrfm.command import run_command
from grokrfm.runs.files import is_read_only, write_bytes
from grokrfm.text import printable


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    run_command(_collect)


def _collect() -> None:
    arguments = parser().parse_args()
    if arguments.kind or arguments.figure_preset:
        asked.draw(arguments)
        return
    needs = "is an option of figures; name one with --kind or --figure-preset"
    asked.refuse_options(arguments, asked.OF_A_FIGURE, needs)
    one = ("rows", "columns", "value", "statistic", "where", "paired", "average_over")
    ad_hoc = any(getattr(arguments, name) for name in (*one, "format", "output", "figure"))
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
    is_drawn = asked.is_image(arguments.output)
    if is_drawn and not arguments.figure:
        raise GrokrfmError(
            f"--output {arguments.output} is the name of a figure; name one with --kind,"
            " --figure-preset or --figure"
        )
    if not is_drawn:
        _table(arguments)
        arguments.output = None
    if arguments.figure:
        together = [arguments.figure] if is_drawn else [[value] for value in arguments.figure]
        for value in together:
            given = {
                "value": value,
                "hue": arguments.rows,
                "panel": arguments.columns,
                "where": arguments.where,
                "average_over": arguments.average_over,
            }
            given = {name: one for name, one in given.items() if one}
            preset = asked.settings({"kind": "iterations"}, given)
            asked.write(arguments, preset, asked.named("iterations", given))


def _table(arguments: argparse.Namespace) -> None:
    """Write the table that the options describe."""
    from grokrfm.collect.formats import FORMATS as WRITERS
    from grokrfm.collect.frames import frame
    from grokrfm.collect.layout import Layout
    from grokrfm.collect.reading import read
    from grokrfm.collect.tables import build

    kind = _format(arguments.format, arguments.output)
    layout = Layout(
        rows=arguments.rows,
        columns=arguments.columns,
        values=arguments.value,
        statistic=arguments.statistic or "mean",
        where=arguments.where,
        paired=arguments.paired,
        average_over=arguments.average_over,
    )
    if (label := asked.table_label(arguments)) and kind != "latex":
        raise GrokrfmError(
            f"--label {label}: a label without = is one of LaTeX tables; words for a column are"
            " written COLUMN=WORDS, as in kernel.name=kernel"
        )
    with in_words(asked.words(arguments)):
        table = build(frame(read(arguments.studies)), layout, _writing(arguments))
        if kind == "parquet":
            from grokrfm.collect.formats.parquet import parquet

            content = parquet(table)
        else:
            content = WRITERS[kind](table).encode()
    if arguments.output:
        write_bytes(arguments.output, content)
        sys.stderr.write(f"table written to {printable(str(arguments.output))} ({kind})\n")
    else:
        sys.stdout.write(content.decode())


def _writing(arguments: argparse.Namespace) -> Writing:
    label = asked.table_label(arguments)
    if label and not re.fullmatch(r"[\w:.+/-]+", label):
        raise GrokrfmError(f"--label {label}: use letters, digits and : . + / - _, as in tab:trap")
    return Writing(arguments.percent, arguments.digits, not arguments.no_n, label)


def _format(asked: str | None, output: Path | None) -> str:
    """Format of a table: as asked for, or as the suffix of its file says."""
    if output is None:
        if asked == "parquet":
            raise GrokrfmError("parquet is binary; write it to a file with --output FILE.parquet")
        return asked or ("terminal" if sys.stdout.isatty() else "markdown")
    known = SUFFIXES.get(output.suffix.lower())
    if asked is None and known is None:
        raise GrokrfmError(
            f"--output {output}: the format follows the suffix of the file, one of"
            f" {', '.join(SUFFIXES)}, or is named with --format"
        )
    if asked and known and asked != known:
        raise GrokrfmError(f"--format {asked} and --output {output} differ, {known} by its suffix")
    return str(asked or known)


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
    writing = _writing(arguments)
    for name, layout in wanted.tables.items():
        try:
            table = build(runs, layout, writing)
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

    for path in figures.save(figures.draw(studies, preset), stem):
        sys.stderr.write(f"figure written to {printable(str(path))}\n")
