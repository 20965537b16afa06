"""The command `grokrfm-collect`: a table of one or several studies, and figures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from grokrfm.checks import GrokrfmError
from grokrfm.collect.formats import FORMATS, shown
from grokrfm.collect.frames import runs, steps
from grokrfm.collect.tables import averaged_over, table


def main() -> None:
    """Entry point; a user's mistake ends in its message and exit code 1."""
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
    arguments.value = arguments.value or ["test_accuracy"]
    frame = runs(arguments.studies)
    by = [*arguments.rows, *arguments.columns]
    cells = table(frame, arguments.rows, arguments.columns, arguments.value)
    text = FORMATS[arguments.format](cells, arguments.rows, arguments.columns, arguments.value)
    if arguments.figure:
        _draw(frame, arguments)
    sys.stdout.write(text)
    for line in _remarks(frame, by):
        sys.stderr.write(f"{line}\n")


def _remarks(frame: pd.DataFrame, by: list[str]) -> Iterator[str]:
    unfinished = frame[frame["status"] != "finished"]
    for status, count in unfinished["status"].value_counts().items():
        yield f"note: {count} of {len(frame)} runs are {status} and count towards no mean"
    for name, levels in averaged_over(frame, by).items():
        listed = ", ".join(map(shown, levels[:5])) + (", ..." if len(levels) > 5 else "")
        yield f"note: averaged over {name} ({listed}); give it in --rows or --columns to tell apart"


def _draw(frame: pd.DataFrame, arguments: argparse.Namespace) -> None:
    from grokrfm.collect import figures  # matplotlib is slow to import and often not needed

    history = steps(arguments.studies)
    for value in arguments.figure:
        figure = figures.over_iterations(history, frame, value, arguments.rows)
        stem = Path(arguments.studies[0]) / "figures" / value
        for path in figures.save(figure, stem):
            sys.stderr.write(f"figure written to {path}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-collect",
        description="A table of the finished runs of one or several studies:"
        " mean ± Student's 95 %% interval (n runs) in every cell.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    for name, what in (
        ("--rows", "columns of collect.runs whose values make the lines"),
        ("--columns", "columns whose values make the columns of the table"),
        ("--value", "numbers to average (default: test_accuracy)"),
        ("--figure", "numbers to draw against the iteration, a line per --rows group"),
    ):
        parser.add_argument(
            name,
            type=_names,
            action="extend",
            default=[],
            metavar="A,B",
            help=f"{what}; repeatable",
        )
    parser.add_argument("--format", choices=FORMATS, default="markdown")
    return parser


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names separated by commas, got {text!r}")
    return names
