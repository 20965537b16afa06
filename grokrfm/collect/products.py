"""Tables and figures that a study names, as files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from grokrfm.collect import layout, presets
from grokrfm.collect.columns import combinations, leading, scientific
from grokrfm.collect.formats import FILES
from grokrfm.collect.layout import Layout
from grokrfm.collect.reading import Reading
from grokrfm.collect.tables import Table
from grokrfm.runs.files import write_text

SUMMARY = "summary"
DIFFERENCES = 8  # lines of a difference that are shown


@dataclass(frozen=True)
class Wanted:
    """Presets to make, by name; those of tables as layouts."""

    tables: Mapping[str, Layout]
    figures: Mapping[str, Mapping[str, object]]


def wanted(
    reading: Reading, runs: pd.DataFrame, tables: Sequence[str], folders: Sequence[Path]
) -> Wanted:
    """Presets that the studies name, or only those of `tables` if there are any.

    A study that names no table gets a summary of the settings that vary.

    Raises
    ------
    PresetError   if a preset is missing or invalid
    """
    figures = [] if tables else presets.chosen(reading.latest, "figure")
    chosen = tables or presets.chosen(reading.latest, "table")
    layouts = {
        name: layout.of_preset(presets.load("table", name, folders), name) for name in chosen
    }
    return Wanted(
        layouts or {SUMMARY: summary(runs)},
        {name: presets.load("figure", name, folders) for name in figures},
    )


def summary(runs: pd.DataFrame) -> Layout:
    """Layout for a study that names no table: every scientific setting that varies makes rows."""
    rows: list[str] = []
    for name in scientific(runs):
        if name != "schema" and combinations(runs, [*rows, name]) > combinations(runs, rows):
            rows.append(name)  # the rows already distinguish its levels
    title = "Settings that vary in this study"
    return Layout(rows, values=leading(runs), title=title)


def files(folder: Path, name: str, table: Table) -> dict[Path, str]:
    """Files of a table: path → content."""
    return {folder / f"{name}{ending}": write(table) for ending, write in FILES.items()}


def write(contents: Mapping[Path, str]) -> None:
    """Write files, each aside and renamed.

    Raises
    ------
    StoreError   naming a file that cannot be written
    """
    for path, content in contents.items():
        write_text(path, content)


def changes(contents: Mapping[Path, str]) -> Iterator[str]:
    """Yield the name and the first differing lines of every file that would change."""
    for path, content in contents.items():
        if not path.exists():
            yield f"{path}: does not exist"
        elif (held := path.read_text(encoding="utf-8", errors="replace")) != content:
            lines = difflib.unified_diff(held.splitlines(), content.splitlines(), n=0, lineterm="")
            differing = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
            more = [f"... {len(differing) - DIFFERENCES} more"] if differing[DIFFERENCES:] else []
            shown = [*differing[:DIFFERENCES], *more]
            yield "\n  ".join([f"{path}: would change", *shown])
