"""Options of the command `grokrfm-collect`."""

from __future__ import annotations

import argparse
from pathlib import Path

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
  counts      for texts such as verdict: number of runs with each (their default)
  share=TEXT  for texts: share of runs with this one [Wilson's 95 % interval]
  time        for grok_iteration: median time (Kaplan-Meier); share that reached it [Wilson]

A CONDITION has == != < <= > >=, in ['a', 'b'], and, or, not, + - * / // % **, texts in quotes,
COLUMN.isna(), COLUMN.notna(), COLUMN.str.contains('a'), .str.startswith('a'), .str.endswith('a').

A cell ends with (n=3), or (n=2 of 3: 1 failed) if runs failed or have not ended yet.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parsed = argparse.ArgumentParser(
        prog="grokrfm-collect",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Tables and figures of the finished runs of one or more studies. Without\n"
        "options, the presets in study.tables and study.figures are written to tables/\n"
        "and figures/ of the first study, and the tables are printed.",
        epilog=EXAMPLES,
    )
    parsed.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    one = parsed.add_argument_group("one table")
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
    one.add_argument("--where", default="", metavar="CONDITION", help="select runs; see below")
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
    every = parsed.add_argument_group("tables and figures of presets")
    every.add_argument(
        "--table",
        type=_names,
        action="extend",
        default=[],
        metavar="A,B",
        help="presets of conf/table/ to use instead of those of the study; draws no figures",
    )
    add_config_dir(every)
    every.add_argument(
        "--check",
        action="store_true",
        help="write nothing; list the files in tables/ that would change, with exit code 1",
    )
    return parsed


def add_config_dir(group: argparse._ActionsContainer) -> None:
    """Add the option for folders of presets."""
    group.add_argument(
        "--config-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder with your own table/, figure/ and expectation/; repeatable",
    )


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names separated by commas, got {text!r}")
    return names
