"""Tables and figures of a report: those that the studies name, or default ones."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from grokrfm.checks import GrokrfmError
from grokrfm.collect import figures
from grokrfm.collect.columns import combinations, is_text, leading
from grokrfm.collect.figures import Data
from grokrfm.collect.formats import html
from grokrfm.collect.layout import Layout, TableError
from grokrfm.collect.products import Wanted
from grokrfm.collect.select import where
from grokrfm.collect.tables import build

MOST_CELLS = 2_000  # of a table; about 300 KB


@dataclass(frozen=True)
class Shown:
    """Table or figure, or the reason why it is missing.

    Parameters
    ----------
    content   element <table>, or data URL of a picture; empty if it is missing
    problem   reason, empty if there is none
    """

    name: str
    content: str
    problem: str = ""


@dataclass(frozen=True)
class Products:
    """Tables and figures of a study."""

    tables: Sequence[Shown]
    figures: Sequence[Shown]


def of(data: Data, presets: Wanted) -> Products:
    """Make the tables and figures of some studies; an error is shown in place of its table."""
    if data.runs.empty:
        return Products([], [])
    tables = [
        _shown(name, partial(_table, data, layout)) for name, layout in presets.tables.items()
    ]
    by = next(iter(presets.tables.values())).rows
    pictures = [
        _shown(name, partial(_figure, data, preset))
        for name, preset in (presets.figures or plain_figures(data, by)).items()
    ]
    return Products(tables, pictures)


def plain_figures(data: Data, by: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Default figures of a study that names none.

    Leading numbers against the iteration, and every kind that finds what its runs have kept.
    """
    numbers = [name for name in leading(data.runs) if not is_text(data.runs[name])]
    steps = data.steps(numbers)
    value = [name for name in numbers if name in steps and steps[name].notna().any()]
    value = value or numbers[:1]
    found: dict[str, Mapping[str, Any]] = {}
    if value:
        found["numbers"] = {"kind": "iterations", "value": value, "by": list(by)}
    for name, kind in figures.KINDS.items():
        if settings := kind.plain(data, list(by)):
            found[name] = {"kind": name, **settings}
    return found


def data_url(png: bytes) -> str:
    """Data URL of a picture."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _table(data: Data, layout: Layout) -> str:
    chosen = where(data.runs, layout.where)
    cells = combinations(chosen, [name for name in layout.by if name in chosen])
    if cells > MOST_CELLS:
        raise TableError(
            f"{cells} cells are too many for this page, at most {MOST_CELLS} fit; grokrfm-collect"
            " writes the table to a file"
        )
    return html(build(data.runs, layout))


def _figure(data: Data, preset: Mapping[str, Any]) -> str:
    return data_url(figures.encoded(figures.draw(data, preset), "png"))


def _shown(name: str, make: Callable[[], str]) -> Shown:
    try:
        return Shown(name, make())
    except GrokrfmError as error:
        return Shown(name, "", str(error))
