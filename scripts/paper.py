"""Run the studies of the papers, or those beyond them, and write their page of results.

    python scripts/paper.py            at the papers' own sizes: docs/reproduction.md
    python scripts/paper.py --small    p of at most 31: docs/reproduction_small.md
    python scripts/paper.py --beyond   questions that the papers leave open: docs/beyond.md
    python scripts/paper.py --dynamics the second learner: docs/dynamics_results.md
    python scripts/paper.py --page     write the pages again from docs/records, and run nothing
    python scripts/paper.py --check    run the cheap small studies afresh and compare their verdicts

It can be stopped at any moment: the same command goes on where it stopped. The studies, what they
take and what makes them small are in scripts/paper.yaml, beyond.yaml and dynamics.yaml; what is
expected, in conf/expectation.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from grokrfm import collect
from grokrfm.collect import figures
from grokrfm.collect.check import section
from grokrfm.collect.expectations import Finding, Sheet, findings, sheet
from grokrfm.collect.presets import load

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "docs" / "records"
PROVENANCE = (
    "digest", "status", "seed", "study.name", "host", "threads", "commit", "dirty", "ended",
    "seconds",
)  # fmt: skip
CHEAP = 15.0
"""Most seconds of one core that a study takes whose verdicts --check compares."""
PAGES = {
    "paper": "reproduction.md",
    "paper_small": "reproduction_small.md",
    "beyond": "beyond.md",
    "dynamics": "dynamics_results.md",
}
ABOUT = {
    "paper": """# The papers reproduced

The studies at the papers' own sizes.""",
    "paper_small": """# The papers reproduced, small

The same studies with p of at most 31. Numbers reported for larger tables are left out; what was not
reported at this size is named a pilot or a tendency.""",
    "beyond": """# Beyond the papers

Questions that the papers leave open. *Reported* is what small pilots gave, or what a hypothesis
predicts; the accepted range is set from it, and a value outside of it falsifies the answer. Rows
with – there had neither, and record what came out.""",
    "dynamics": """# Dynamics: measured beside reported

The studies of the second learner. *Reported* is what the paper, its notebooks or a reimplementation
of them give.""",
}


def main() -> None:
    """Run what is missing, keep the records, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for flag, size, about in (
        ("--small", "paper_small", "p of at most 31, some minutes"),
        ("--beyond", "beyond", "the questions beyond the papers"),
        ("--dynamics", "dynamics", "the second learner"),
    ):
        parser.add_argument(flag, dest="size", action="store_const", const=size, help=about)
    parser.add_argument("--page", action="store_true", help="write the pages and run nothing")
    parser.add_argument("--check", action="store_true", help="compare verdicts, write nothing")
    given = parser.parse_args()
    if given.check:
        _stop(_changed(_cheap()), "verdicts differ from docs/reproduction_small.md")
    elif given.page:
        for size in PAGES:
            if (RECORDS / size).is_dir():
                _write(size)
    else:
        size = given.size or "paper"
        outputs, failed = ROOT / "outputs" / size, list[str]()
        try:
            for name in _studies(size):
                if not _run(size, name, outputs):
                    failed.append(name)
        finally:  # not earlier: the commit of a run has no changes unless its user made them
            for name in _pages(size):
                if (outputs / name).is_dir():
                    _keep(size, name)
            _write(size)
        _stop(failed, "failed, and the same command tries again")


def _stop(names: Sequence[str], what: str) -> None:
    if names:
        sys.exit(f"{what}: {', '.join(names)}")


def _plan(size: str) -> dict[str, Any]:
    """Studies of a size in their order, with the seconds they take and what makes them small."""
    name = "paper" if size == "paper_small" else size
    text = (ROOT / "scripts" / f"{name}.yaml").read_text(encoding="utf-8")
    return {
        name: one
        for name, one in yaml.safe_load(text).items()
        if size != "paper_small" or one["small"] is not None
    }


def _pages(size: str) -> list[str]:
    """Studies of a size, without the sweeps that write into another one's folder."""
    return [name for name, one in _plan(size).items() if "of" not in one]


def _studies(size: str) -> Iterator[str]:
    """Names of the studies of a size; shows which one begins, and the time left."""
    plan, begun, done = _plan(size), time.monotonic(), 0.0
    whole = sum(one["seconds"] for one in plan.values())
    for k, (name, one) in enumerate(plan.items(), 1):
        # small studies take about the same time each
        share = (k - 1) / len(plan) if size == "paper_small" else done / whole
        left = (time.monotonic() - begun) * (1 - share) / share / 60 if share else None
        _say(f"[{k}/{len(plan)}] {name}" + ("" if left is None else f", about {left:.0f} min left"))
        yield name
        done += one["seconds"]


def _run(size: str, study: str, outputs: Path) -> bool:
    """Run what a study lacks; returns False if a run failed."""
    one = _plan(size)[study]
    small = one["small"] if size == "paper_small" else []
    program = Path(sys.executable).with_name("grokrfm")
    primary = ["--config-name", one.get("config", "config")]
    settings = [f"study={study}", f"outputs={outputs}", "hardware.threads=1", *small]
    return subprocess.run([program, *primary, *settings], cwd=ROOT, check=False).returncode == 0


def _keep(size: str, study: str) -> None:
    """Write the settings that vary in a study, and the expected numbers, to docs/records."""
    frame, expected = collect.runs(ROOT / "outputs" / size / study), sheet(study)
    frame = frame.drop(columns=list(frame.attrs["short"]))
    text = " ".join(f"{one.number} {one.of}" for one in expected.expectations)
    kept = [
        column
        for column in map(str, frame)
        if column in PROVENANCE or column in text or ("." in column and frame[column].nunique() > 1)
    ]
    path = RECORDS / size / f"{study}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame[kept].sort_values("digest").to_csv(path, index=False)
    for file, figure in _figures(size, study).items():
        try:
            drawn = figures.draw(ROOT / "outputs" / size / study, load("figure", figure))
        except figures.FigureError as error:  # of a study that was stopped
            _say(f"{file} is not drawn: {error}")
        else:
            (ROOT / "docs" / file).write_bytes(figures.encoded(drawn, "png"))


def _figures(size: str, study: str) -> dict[str, str]:
    """Files below docs/ and presets of the figures that a study names; none of small ones."""
    text = (ROOT / "conf" / "study" / f"{study}.yaml").read_text(encoding="utf-8")
    named = [] if size == "paper_small" else yaml.safe_load(text)["study"]["figures"]
    return {f"figures/{study}-{figure}.png": figure for figure in named}


def _cheap() -> Iterator[str]:
    for name in _plan("paper_small"):
        if _recorded("paper_small", name)["seconds"].sum() < CHEAP:
            yield name


def _changed(studies: Iterable[str]) -> list[str]:
    """Small studies that, run afresh, give other verdicts than their committed records."""
    changed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in studies:
            if not _run("paper_small", name, Path(folder)) or (
                _verdicts(name, collect.runs(Path(folder) / name))
                != _verdicts(name, _recorded("paper_small", name))
            ):
                changed.append(name)
    return changed


def _verdicts(study: str, frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(one.expectation.claim, one.verdict) for one in _found(sheet(study), frame)]


def _found(expected: Sheet, frame: pd.DataFrame) -> list[Finding]:
    """Findings of the expectations that some run of a frame is about."""
    return [one for one in findings(frame, expected.expectations) if one.planned]


def _recorded(size: str, study: str) -> pd.DataFrame:
    frame = pd.read_csv(RECORDS / size / f"{study}.csv", parse_dates=["ended"])
    for name in frame.columns[frame.columns.str.contains(".", regex=False)]:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.isna().any():  # a setting of numbers and texts, as schedules are
            frame[name] = numbers.astype(object).where(numbers.notna(), frame[name])
    return frame


def _write(size: str) -> None:
    path = ROOT / "docs" / PAGES[size]
    path.write_text(page(size), encoding="utf-8")
    _say(f"written to {path.relative_to(ROOT)}")


def page(size: str) -> str:
    """Page of the records of a size, one of PAGES."""
    sections, verdicts, frames, missing = [], list[str](), [], []
    for name in _pages(size):
        if not (RECORDS / size / f"{name}.csv").exists():
            missing.append(name)
            continue
        frame, expected = _recorded(size, name), sheet(name)
        found = _found(expected, frame)
        titled = replace(expected, title=f"{expected.title} (`{name}`)")
        sections.append(section(titled, found, frame))
        drawn = [file for file in _figures(size, name) if (ROOT / "docs" / file).exists()]
        sections += [f"![{expected.title}]({file})\n" for file in drawn]
        verdicts += [one.verdict for one in found]
        frames.append(frame)
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("agrees", "differs", "cannot tell"))
    runs = pd.concat(frames)
    about = (
        f"{ABOUT[size]} Written by `make {size.replace('_', '-')}` from docs/records/{size}:"
        f" {counts}."
        f" {len(runs)} runs, {runs['seconds'].sum() / 60:.0f} minutes of one core in all, on"
        f" {', '.join(sorted(set(runs['host'])))}.\n"
    )
    if missing:
        about += f"\nNot run yet: {', '.join(f'`{name}`' for name in missing)}.\n"
    return "\n".join([about, *sections])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
