"""The command `grokrfm-report`: one HTML page about a study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grokrfm.collect.cli import run_cli
from grokrfm.runs.files import write_text
from grokrfm.text import printable


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    run_cli(_report)


def _report() -> None:
    arguments = _parser().parse_args()
    from grokrfm.collect.report import page  # pandas and matplotlib are slow to import

    target: Path = arguments.output or Path(arguments.studies[0]) / "report.html"
    text = page(arguments.studies, arguments.config_dir)
    write_text(target, text)
    sys.stdout.write(f"{printable(str(target))}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-report",
        description="One HTML page about one or more studies: settings, tables, figures and every"
        " run. The page is self-contained and needs no network.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="default: report.html in the first study"
    )
    parser.add_argument(
        "--config-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder with your own table/ and figure/; repeatable",
    )
    return parser
