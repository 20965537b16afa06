"""The command `grokrfm-collect`: the tables and figures of one or several studies."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokrfm.checks import GrokrfmError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("terminal", "markdown", "csv", "latex", "html", "parquet")

EXAMPLES = """\
examples:
  grokrfm-collect outputs/trap                     all that the study is for, into its tables/
                                                   and figures/
  grokrfm-collect outputs/trap --check             exit code 1 if a file in tables/ would change
  grokrfm-collect outputs/demo --rows task.name,kernel.name --columns split.train_to_test
  grokrfm-collect outputs/demo --rows kernel.name --where "split.train_to_test <= 20 and seed < 5"
  grokrfm-collect outputs/demo --rows task.name --paired kernel.name=gaussian,quadratic
  grokrfm-collect outputs/demo --value test_accuracy:median,test_accuracy:share=0.9,grok_iteration

statistics, given as COLUMN:STATISTIC or with --statistic:
  mean        mean ± Student's 95 % interval
  bootstrap   mean [bootstrapped 95 % interval]
  median      median [quartiles]
  range       smallest – largest
  share=0.9   share of runs of at least 0.9 [Wilson's 95 % interval]
  time        for grok_iteration: median time (Kaplan-Meier), share of runs that reached it [Wilson]

A cell ends with (n=3), or (n=2 of 3: 1 failed) where a run has failed or has no end so far.
"""


def main() -> None:
    """Entry point; a user's mistake ends in its message and exit code 1."""
    logging.basicConfig(format="%(levelname)s: %(message)s")
    guarded(_collect)


def guarded(command: Callable[[], None]) -> None:
    """Run a command: what the user can mend is said in a line, without a traceback."""
    try:
        command()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor flush it at exit
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
        raise GrokrfmError("--check and --table are of presets; give no options of a table beside")
    else:
        _one(arguments)


def _one(arguments: argparse.Namespace) -> None:
    """The table that the options describe, and figures."""
    from grokrfm.collect.formats import FORMATS as WRITERS
    from grokrfm.collect.frames import runs
    from grokrfm.collect.layout import Layout
    from grokrfm.collect.tables import build

    frame = runs(arguments.studies)
    layout = Layout(
        rows=arguments.rows,
        columns=arguments.columns,
        values=arguments.value or ["test_accuracy"],
        statistic=arguments.statistic or "mean",
        where=arguments.where,
        paired=arguments.paired,
        average_over=arguments.average_over,
    )
    table = build(frame, layout)
    kind = arguments.format or ("terminal" if sys.stdout.isatty() else "markdown")
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
    elif kind == "parquet":
        raise GrokrfmError("parquet: is no text; give a file with --output FILE.parquet")
    else:
        sys.stdout.write(content.decode())


def _all(arguments: argparse.Namespace) -> None:
    """The tables and figures that the studies name."""
    from grokrfm.collect import products
    from grokrfm.collect.formats import terminal
    from grokrfm.collect.frames import frame, read
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
            products.write(files)
            sys.stdout.write(f"{terminal(table)}\n")
            endings = ",".join(path.suffix[1:] for path in files)
            sys.stderr.write(f"table written to {folder / 'tables' / name}.{{{endings}}}\n")
    for name, preset in wanted.figures.items() if not arguments.check else ():
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
    from grokrfm.collect.frames import steps

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
        description="Tables and figures of the finished runs of one or several studies. Without\n"
        "options, all that the studies name in study.tables and study.figures is written to\n"
        "the folders tables/ and figures/ of the first, and the tables are shown.",
        epilog=EXAMPLES,
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    one = parser.add_argument_group("one table")
    for name, what in (
        ("--rows", "settings whose levels make the lines"),
        ("--columns", "settings whose levels make the columns of the table"),
        ("--value", "numbers, as COLUMN or COLUMN:STATISTIC (test_accuracy where none is given)"),
        ("--average-over", "settings that may vary between the runs of one cell; others may not"),
        ("--figure", "numbers to draw against the iteration, a line per --rows group"),
    ):
        one.add_argument(
            name,
            type=_names,
            action="extend",
            default=[],
            metavar="A,B",
            help=f"{what}; repeatable",
        )
    one.add_argument("--statistic", default="", help="of the values that name none (mean)")
    one.add_argument("--where", default="", metavar="CONDITION", help="runs to take, as below")
    one.add_argument(
        "--paired",
        default="",
        metavar="SETTING=FIRST,SECOND",
        help="differences first - second between runs of equal seeds",
    )
    one.add_argument("--format", choices=FORMATS, help="(terminal, or markdown into a file)")
    one.add_argument("--output", type=Path, metavar="FILE", help="instead of the terminal")
    every = parser.add_argument_group("the tables and figures of presets")
    every.add_argument(
        "--table",
        type=_names,
        action="extend",
        default=[],
        metavar="A,B",
        help="these presets (conf/table/) instead of those that the study names; no figures",
    )
    every.add_argument(
        "--config-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with table/ and figure/ of your own; repeatable",
    )
    every.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit code 1, naming them, if files in tables/ would change",
    )
    return parser


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names separated by commas, got {text!r}")
    return names
