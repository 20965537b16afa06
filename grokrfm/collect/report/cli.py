"""The command `grokrfm-report`: one HTML page about a study."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from grokrfm.checks import GrokrfmError
from grokrfm.collect.options import add_config_dir
from grokrfm.command import run_command
from grokrfm.runs.files import is_read_only
from grokrfm.text import printable


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    run_command(_report)


def _report() -> None:
    arguments = _parser().parse_args()
    from grokrfm.collect.report.page import write  # slow: it imports matplotlib

    output: str = arguments.output or arguments.studies[0]
    folder = not arguments.output or output.endswith(os.sep) or Path(output).is_dir()
    target = Path(output) / "report.html" if folder else Path(output)
    if is_read_only(target.parent):
        raise GrokrfmError(f"{target.parent} is read-only; name another folder with --output")
    write(arguments.studies, target, arguments.config_dir, arguments.runs)
    sys.stdout.write(f"{printable(str(target))}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-report",
        description="One HTML page about one or more studies: settings, tables, figures and every"
        " run. The page needs no network and is self-contained; only if the study is large, the"
        " data of further runs is in a folder beside it, such as report-runs.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    parser.add_argument(
        "--output",
        metavar="PATH",
        help="file of the page, or a folder for report.html (default: the first study)",
    )
    parser.add_argument(
        "--runs",
        type=_count,
        metavar="all|none|N",
        help="runs to list with their histories: all, none or the first N (default: all)",
    )
    add_config_dir(parser)
    return parser


def _count(text: str) -> int | None:
    """Number of runs; None: all."""
    if text in ("all", "none"):
        return None if text == "all" else 0
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"expected all, none or a number of runs, got {text!r}")
