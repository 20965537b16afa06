"""The command `grokrfm-status`: what is finished, running and failed in a study, and why."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from grokrfm.collect.cli import guarded
from grokrfm.collect.frames import open_stores
from grokrfm.runs.record import Record, best_by_digest, by_cause


def main() -> None:
    """Entry point; exit code 1 if a folder is not a study."""
    guarded(_status)


def _status() -> None:
    parser = argparse.ArgumentParser(
        prog="grokrfm-status",
        description="What is finished, running, interrupted, lost or failed in a study, and why.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    for store in open_stores(parser.parse_args().studies):
        records = list(best_by_digest(store.records()).values())
        sys.stdout.write("\n".join([f"{store.study}: {_counts(records)}", *_details(records), ""]))


def _counts(records: list[Record]) -> str:
    counts = Counter(record.status for record in records)
    return ", ".join(f"{n} {status}" for status, n in counts.most_common()) or "no runs"


def _details(records: list[Record]) -> list[str]:
    lines = []
    failures = [(record, record.error["message"]) for record in records if record.error]
    for cause, failed in by_cause(failures).items():
        named = ", ".join(record.digest for record in failed[:3]) + (", ..." * (len(failed) > 3))
        lines.append(f"  failed ({len(failed)}): {cause}\n    {failed[0].facts['title']}: {named}")
    for record in records:
        if record.status in ("running", "lost", "interrupted"):
            minutes = (time.time() - record.started) / 60
            where = f"process {record.provenance['pid']} on {record.provenance['host']}"
            lines.append(
                f"  {record.status}: {record.digest} {record.facts['title']},"
                f" started {minutes:.1f} min ago by {where}"
            )
    if any(record.status in ("lost", "interrupted", "failed") for record in records):
        lines.append("  the command that started them runs them again and skips what is finished")
    return lines
