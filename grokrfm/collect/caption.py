"""Caption of a table: the provenance of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from grokrfm.collect.columns import FAILED
from grokrfm.collect.layout import Layout, Value
from grokrfm.collect.words import named, words
from grokrfm.text import printable


@dataclass(frozen=True)
class Caption:
    """Provenance of a table.

    Parameters
    ----------
    title       title of the layout, or empty
    shown       statistics, such as "mean ± Student's 95 % interval"
    selection   condition and comparison, or empty
    studies     names of the studies
    counts      finished of planned runs, and the numbers of failed and missing ones
    seeds       such as "0–19"
    commits     commits of the checkouts, with "+" if they had uncommitted changes
    last_run    end of the last run, date and time in UTC
    """

    title: str
    shown: str
    selection: str
    studies: str
    counts: str
    seeds: str
    commits: str
    last_run: str

    def __str__(self) -> str:
        parts = [
            self.title,
            self.shown,
            self.selection,
            f"study {self.studies}" if self.studies else "",
            self.counts,
            f"seeds {self.seeds}" if self.seeds else "",
            f"commit {self.commits}" if self.commits else "",
            f"last run {self.last_run}" if self.last_run else "",
        ]
        sentences = (part[0].upper() + part[1:] for part in parts if part)
        return printable(". ".join(sentences) + ".")


def caption(runs: pd.DataFrame, layout: Layout, values: Sequence[Value]) -> Caption:
    """Caption of a table of some runs."""
    finished = runs[runs["status"] == "finished"]
    by_statistic: dict[str, list[str]] = {}
    for value in values:
        by_statistic.setdefault(value.statistic.about, []).append(words(value.column))
    about = [
        what if len(by_statistic) == 1 else f"{what} ({', '.join(dict.fromkeys(columns))})"
        for what, columns in by_statistic.items()
    ]
    pair = layout.pair
    selection = [
        f"differences {pair.first} − {pair.second} of {words(pair.setting)}, over equal seeds"
        if pair
        else "",
        f"runs with {layout.where}" if layout.where else "",
        f"averaged over {named(layout.average_over)}" if layout.average_over else "",
    ]
    ended = finished["ended"].max() if "ended" in runs else pd.NaT
    return Caption(
        title=layout.title.rstrip("."),
        shown="; ".join(about),
        selection="; ".join(part for part in selection if part),
        studies=", ".join(_texts(runs, "study.name")),
        counts=_counts(runs["status"]),
        seeds=_ranges(finished["seed"]) if "seed" in runs else "",
        commits=", ".join(_commits(finished)),
        last_run="" if pd.isna(ended) else f"{ended:%Y-%m-%d %H:%M} UTC",
    )


def _counts(status: pd.Series) -> str:
    finished, failed = int((status == "finished").sum()), int(status.isin(FAILED).sum())
    missing = len(status) - finished - failed
    rest = [f"{failed} failed" if failed else "", f"{missing} missing" if missing else ""]
    listed = ", ".join(part for part in rest if part)
    count = f"n = {finished}" if finished == len(status) else f"n = {finished} of {len(status)}"
    return f"{count} runs ({listed})" if listed else f"{count} runs"


def _texts(runs: pd.DataFrame, name: str) -> list[str]:
    return sorted(map(str, runs[name].dropna().unique())) if name in runs else []


def _commits(runs: pd.DataFrame) -> list[str]:
    """Short commits, with a + if the checkout had uncommitted changes."""
    if "commit" not in runs or "dirty" not in runs:
        return []
    known = runs[runs["commit"].notna()]
    pairs = zip(known["commit"], known["dirty"], strict=True)
    return sorted({f"{commit[:10]}{'+' if dirty is True else ''}" for commit, dirty in pairs})


def _ranges(numbers: pd.Series) -> str:
    """Integers as ranges: 0–4, 7."""
    if not pd.api.types.is_integer_dtype(numbers):
        return ", ".join(sorted(map(str, numbers.dropna().unique())))
    runs: list[list[int]] = []
    for number in sorted(map(int, numbers.dropna().unique())):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
