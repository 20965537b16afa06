"""The command `grokrfm-check`: do the records of a study agree with what its source reports?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grokrfm.collect.options import add_config_dir
from grokrfm.command import run_command
from grokrfm.text import printable

if TYPE_CHECKING:
    import pandas as pd

    from grokrfm.collect.expectations import Finding, Sheet

HEAD = ("claim", "reported", "accepted", "measured", "verdict")
DIFFERS = 2
"""Exit code if a number differs."""


def main() -> None:
    """Entry point; exit code 1 if something cannot be read, DIFFERS if a number differs."""
    run_command(_check)


def _check() -> None:
    arguments = _parser().parse_args()
    from grokrfm.collect.expectations import findings, sheet
    from grokrfm.collect.frames import runs

    sections, verdicts = [], set[str]()
    for study in map(Path, arguments.studies):
        expected = sheet(study.resolve().name, arguments.config_dir)
        frame = runs([study])
        found = list(findings(frame, expected.expectations))
        verdicts |= {finding.verdict for finding in found}
        sections.append(section(expected, found, frame))
    text = "\n".join(sections)
    if arguments.output:
        Path(arguments.output).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{printable(arguments.output)}\n")
    else:
        sys.stdout.write(text)
    if "differs" in verdicts:
        sys.stdout.flush()
        sys.exit(DIFFERS)


def section(expected: Sheet, found: list[Finding], frame: pd.DataFrame) -> str:
    """Part of a page about one study: its title and note, a table of findings, the provenance."""
    note = [expected.note.strip()] if expected.note else []
    parts = [f"## {expected.title}", *note, _table(found), _provenance(frame)]
    return "\n\n".join(parts) + "\n"


def _table(findings: list[Finding]) -> str:
    import pandas as pd

    lines = [
        (one.expectation.claim, one.expectation.reported, one.expectation.accepted, one.measured,
         one.verdict)
        for one in findings
    ]  # fmt: skip
    frame = pd.DataFrame([[printable(text) for text in line] for line in lines], columns=HEAD)
    return str(frame.to_markdown(index=False, disable_numparse=True))


def _provenance(frame: pd.DataFrame) -> str:
    """Return the caption of a table of the runs, without a statistic."""
    from grokrfm.collect.caption import caption
    from grokrfm.collect.layout import Layout

    return str(caption(frame, Layout(), []))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-check",
        description="Compare the records of studies with what their sources report: one line per"
        " number, in Markdown. The expectations of a study are in conf/expectation/STUDY.yaml.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    parser.add_argument("--output", metavar="FILE", help="write there instead of the terminal")
    add_config_dir(parser)
    return parser
