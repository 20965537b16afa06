"""The command `grokrfm-collect`: tables and figures of one or more studies."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokrfm.checks import GrokrfmError
from grokrfm.runs.files import is_read_only

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("terminal", "markdown", "csv", "latex", "html", "parquet")

EXAMPLES = """\
examples:
  grokrfm-collect outputs/trap                     write every table and figure of the study
                                                   into its tables/ and figures/
  grokrfm-collect outputs/trap --check              exit code 1 if a file in tables/ would change
  grokrfm-collect outputs/demo --rows task.name,split.name --columns task.modulus
  grokrfm-collect outputs/demo --rows task.name --where "task.modulus <= 31 and seed < 5"
  grokrfm-collect outputs/demo --rows split.name --paired task.name=addition,division
  grokrfm-collect outputs/demo --value test_loss:median,undecided:range,grok_iteration

statistics, given as COLUMN:STATISTIC or with --statistic:
  mean        mean ± Student's 95 % interval
  bootstrap   mean [bootstrapped 95 % interval]
  median      median [quartiles]
  range       smallest – largest
  share=0.9   share of runs of at least 0.9 [Wilson's 95 % interval]
  time        for grok_iteration: median time (Kaplan-Meier); share that reached it [Wilson]

A cell ends with (n=3), or (n=2 of 3: 1 failed) if runs failed or have not ended yet.
"""


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    run_cli(_collect)


def run_cli(command: Callable[[], None]) -> None:
    """Run a command; print a user's mistake without a traceback and exit with code 1."""
    try:
        command()
        sys.stdout.flush()
    except BrokenPipeError:  # the reading process, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # silences the flush at exit
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        sys.exit(1)
    except GrokrfmError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


def _collect() -> None:
    arguments = _parser().parse_args()
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
            if is_read_only(folder):
                sys.stderr.write(f"table {name} is not written: {folder} is read-only\n")
                continue
            products.write(files)
            sys.stderr.write(f"table written to {folder / 'tables' / name}.{{{endings}}}\n")
    figures = {} if arguments.check or is_read_only(folder) else wanted.figures
    for name, preset in figures.items():
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
        sys.stderr.write(f"figure written to {path}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-collect",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Tables and figures of the finished runs of one or more studies. Without\n"
        "options, the presets in study.tables and study.figures are written to tables/\n"
        "and figures/ of the first study, and the tables are printed.",
        epilog=EXAMPLES,
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    one = parser.add_argument_group("one table")
    for name, what in (
        ("--rows", "settings whose levels make the rows of the table"),
        ("--columns", "settings whose levels make the columns of the table"),
        ("--value", "numbers, as COLUMN or COLUMN:STATISTIC (default: the objective of the runs)"),
        ("--average-over", "settings that may differ between the runs of one cell"),
        ("--figure", "numbers to draw against the iteration, one line per level of --rows"),
    ):
        one.add_argument(
            name,
            type=_names,
            action="extend",
            default=[],
            metavar="A,B",
            help=f"{what}; repeatable",
        )
    one.add_argument(
        "--statistic", default="", help="statistic of values without one (default: mean)"
    )
    one.add_argument(
        "--where", default="", metavar="CONDITION", help="select runs; see the examples"
    )
    one.add_argument(
        "--paired",
        default="",
        metavar="SETTING=FIRST,SECOND",
        help="differences FIRST - SECOND between runs of equal seeds",
    )
    one.add_argument(
        "--format",
        choices=FORMATS,
        help="default: terminal, or markdown if standard output is not one",
    )
    one.add_argument(
        "--output", type=Path, metavar="FILE", help="write to FILE instead of standard output"
    )
    every = parser.add_argument_group("tables and figures of presets")
    every.add_argument(
        "--table",
        type=_names,
        action="extend",
        default=[],
        metavar="A,B",
        help="presets of conf/table/ to use instead of those of the study; draws no figures",
    )
    every.add_argument(
        "--config-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder with your own table/ and figure/; repeatable",
    )
    every.add_argument(
        "--check",
        action="store_true",
        help="write nothing; list the files in tables/ that would change, with exit code 1",
    )
    return parser


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names separated by commas, got {text!r}")
    return names
