"""Options of the command `grokrfm-collect`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from grokrfm.collect import asked

FORMATS = ("terminal", "markdown", "csv", "latex", "html", "parquet")
SUFFIXES = {
    **{".txt": "terminal", ".md": "markdown", ".csv": "csv", ".tex": "latex"},
    **{".html": "html", ".parquet": "parquet"},
}

EXAMPLES = """\
examples:
  grokrfm-collect outputs/trap                     write every table and figure of the study
                                                   into its tables/ and figures/
  grokrfm-collect outputs/trap --check              exit code 1 if a file in tables/ would change
  grokrfm-collect outputs/demo --rows task.name,split.name --columns task.modulus
  grokrfm-collect outputs/demo --rows task.name --where "task.modulus <= 31 and seed < 5"
  grokrfm-collect outputs/demo --rows split.name --paired task.name=addition,division
  grokrfm-collect outputs/demo --value test_loss:median,undecided:range,grok_iteration
  grokrfm-collect outputs/demo --figure-preset grokking --hue kernel.name --size 3.3
  grokrfm-collect outputs/demo --kind sweep --x split.train_fraction --value test_accuracy \\
                               --hue kernel.name --panel task.name --output figure.pdf

statistics, given as COLUMN:STATISTIC or with --statistic:
  mean        mean ± Student's 95 % interval
  bootstrap   mean [bootstrapped 95 % interval]
  median      median [quartiles]
  range       smallest – largest
  share=0.9   share of runs of at least 0.9 [Wilson's 95 % interval]
  counts      for texts such as verdict: number of runs with each (their default)
  share=TEXT  for texts: share of runs with this one [Wilson's 95 % interval]
  time        for grok_iteration: median time (Kaplan-Meier); number of runs that reached it

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
    _add_table(parsed.add_argument_group("one table"))
    _add_writing(parsed.add_argument_group("numbers of tables"))
    _add_figure(parsed.add_argument_group("one figure, of a kind or a preset"))
    _add_both(parsed.add_argument_group("one table or figure"))
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


def _add_table(group: argparse._ArgumentGroup) -> None:
    _add_lists(
        group,
        {
            "--rows": "settings whose levels make the rows of the table",
            "--columns": "settings whose levels make the columns of the table",
            "--figure": "also draw these numbers by iteration: --rows are lines, --columns panels",
        },
    )
    group.add_argument(
        "--statistic", default="", help="statistic of values without one (default: mean)"
    )
    group.add_argument(
        "--paired",
        default="",
        metavar="SETTING=FIRST,SECOND",
        help="differences FIRST - SECOND between runs of equal seeds",
    )
    group.add_argument(
        "--format",
        choices=FORMATS,
        help="default: by the suffix of --output; else terminal, or markdown if standard output is"
        " not one",
    )


def _add_writing(group: argparse._ActionsContainer) -> None:
    """Add the options of the notation of numbers."""
    group.add_argument("--percent", action="store_true", help="write shares in percent")
    group.add_argument("--digits", type=_digits, metavar="N", help="decimals of every number")
    group.add_argument(
        "--no-n", action="store_true", help="say the number of runs in the caption, not in cells"
    )


def _add_figure(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--figure-preset", metavar="NAME", help="preset of conf/figure/")
    group.add_argument("--kind", metavar="KIND", help="such as sweep, iterations or heatmap")
    group.add_argument("--x", metavar="COLUMN", help="setting on the x axis")
    group.add_argument("--y", metavar="COLUMN", help="setting on the y axis of a heatmap")
    _add_lists(
        group,
        {
            "--hue": "settings whose levels are lines (`by` of a preset)",
            "--panel": "settings whose levels are panels",
        },
    )
    group.add_argument(
        "--set",
        type=asked.assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another setting of the kind, such as scale=log or seeds=true; repeatable",
    )
    group.add_argument("--title", help="text above the figure")
    group.add_argument(
        "--size", type=asked.size, metavar="W[xH]", help="width, or width x height, in inches"
    )


def _add_both(group: argparse._ArgumentGroup) -> None:
    _add_lists(
        group,
        {
            "--value": "numbers; in a table COLUMN or COLUMN:STATISTIC (default: the objective)",
            "--average-over": "settings that may differ between the runs of a cell or point",
        },
    )
    group.add_argument("--where", default="", metavar="CONDITION", help="select runs; see below")
    group.add_argument(
        "--label",
        type=asked.label,
        action="append",
        default=[],
        metavar="COLUMN=WORDS",
        help="words for a column, in place of those in conf/words/; repeatable. Or NAME: a LaTeX"
        " table has this label and its caption",
    )
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write to FILE, in the format of its suffix: "
        f"{' '.join(SUFFIXES)} .png .pdf .svg (default: a table to standard output, a figure into"
        " figures/ of the first study)",
    )


def _add_lists(group: argparse._ArgumentGroup, options: Mapping[str, str]) -> None:
    for name, about in options.items():
        group.add_argument(
            name,
            type=_names,
            action="extend",
            default=[],
            metavar="A,B",
            help=f"{about}; repeatable",
        )


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


def _digits(text: str) -> int:
    if text.isdecimal() and int(text) <= 15:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number of decimals up to 15, got {text!r}")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names separated by commas, got {text!r}")
    return names
