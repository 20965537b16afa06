"""Run the studies of the papers and write the page that compares them with what was reported.

    python scripts/paper.py            at the papers' own sizes: docs/reproduction.md
    python scripts/paper.py --small    p of at most 31: docs/reproduction_small.md
    python scripts/paper.py --page     write both pages again from docs/records, and run nothing

It can be stopped at any moment: the same command goes on where it stopped. The studies, what they
take and what makes them small are in scripts/paper.yaml; what is expected, in conf/expectation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import yaml

from grokrfm import collect
from grokrfm.collect.check import section
from grokrfm.collect.expectations import findings, sheet

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "docs" / "records"
PROVENANCE = ("digest", "status", "seed", "study.name", "commit", "dirty", "ended", "seconds")
PAGES = {"paper": "reproduction.md", "paper_small": "reproduction_small.md"}
ABOUT = {
    "paper": "The studies at the papers' own sizes",
    "paper_small": "The same studies with p of at most 31; numbers reported for larger tables are"
    " left out, and what was not reported at this size is named a pilot or a tendency",
}


def main() -> None:
    """Run what is missing, keep the records, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--small", action="store_true", help="p of at most 31, some minutes")
    parser.add_argument("--page", action="store_true", help="write the pages and run nothing")
    given = parser.parse_args()
    if given.page:
        for size in PAGES:
            if (RECORDS / size).is_dir():
                _write(size)
        return
    size = "paper_small" if given.small else "paper"
    failed = [study for study in _run(size, small=given.small) if study]
    _write(size)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the same command tries again")


def _run(size: str, *, small: bool) -> Iterator[str]:
    """Run every study; yields the names of those that failed."""
    plan = yaml.safe_load((ROOT / "scripts" / "paper.yaml").read_text(encoding="utf-8"))
    chosen = {name: one for name, one in plan.items() if not small or one["small"] is not None}
    begun, done, whole = time.monotonic(), 0.0, sum(one["seconds"] for one in chosen.values())
    for k, (name, one) in enumerate(chosen.items(), 1):
        spent = time.monotonic() - begun
        weight = k - 1 if small else done  # small studies take about the same time each
        rest = (len(chosen) if small else whole) - weight
        left = f", about {spent / weight * rest / 60:.0f} min left" if weight else ""
        _say(f"[{k}/{len(chosen)}] {name}{left}")
        overrides = one["small"] if small else []
        command = [
            Path(sys.executable).with_name("grokrfm"),
            f"study={name}",
            f"outputs=outputs/{size}",
        ]
        run = subprocess.run([*command, "hardware.threads=1", *overrides], cwd=ROOT, check=False)
        if run.returncode:
            yield name
        _keep(size, name)
        done += one["seconds"]


def _keep(size: str, study: str) -> None:
    """Write the numbers of a study that its expectations need to docs/records."""
    frame, expected = collect.runs(ROOT / "outputs" / size / study), sheet(study)
    text = " ".join(f"{one.number} {one.of}" for one in expected.expectations)
    kept = [column for column in frame if column in PROVENANCE or column in text]
    path = RECORDS / size / f"{study}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame[kept].sort_values("digest").to_csv(path, index=False)


def _write(size: str) -> None:
    path = ROOT / "docs" / PAGES[size]
    path.write_text(page(size), encoding="utf-8")
    _say(f"written to {path.relative_to(ROOT)}")


def page(size: str) -> str:
    """Page of the records of a size, `paper` or `paper_small`."""
    plan = yaml.safe_load((ROOT / "scripts" / "paper.yaml").read_text(encoding="utf-8"))
    sections, verdicts, seconds = [], [], 0.0
    for name in plan:
        path = RECORDS / size / f"{name}.csv"
        if not path.exists():
            continue
        frame, expected = pd.read_csv(path, parse_dates=["ended"]), sheet(name)
        found = [one for one in findings(frame, expected.expectations) if one.planned]
        sections.append(
            section(replace(expected, title=f"{expected.title} (`{name}`)"), found, frame)
        )
        verdicts += [one.verdict for one in found]
        seconds += frame["seconds"].sum()
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("agrees", "differs", "cannot tell"))
    about = (
        f"# The papers reproduced{', small' if size == 'paper_small' else ''}\n\n{ABOUT[size]}."
        f" Written by `make {size.replace('_', '-')}` from docs/records/{size}: {counts}."
        f" The runs took {seconds / 60:.0f} minutes of one core in all.\n"
    )
    return "\n".join([about, *sections])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
