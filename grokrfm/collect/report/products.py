"""The tables and figures of a report: those that the studies name, or plain ones where none are."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from grokrfm.checks import GrokrfmError
from grokrfm.collect import figures
from grokrfm.collect.figures import Data
from grokrfm.collect.formats import html
from grokrfm.collect.layout import Layout
from grokrfm.collect.products import wanted
from grokrfm.collect.tables import build


@dataclass(frozen=True)
class Shown:
    """A table or a figure, or why there is none.

    Parameters
    ----------
    content   the element <table>, or the address (data:) of a picture; empty where there is none
    problem   why not
    """

    name: str
    content: str
    problem: str = ""


@dataclass(frozen=True)
class Products:
    """What is shown of a study beyond its runs."""

    tables: Sequence[Shown]
    figures: Sequence[Shown]


def of(data: Data, folders: Sequence[Path]) -> Products:
    """All tables and figures of some studies; one that cannot be made says why in its place."""
    if data.runs.empty:
        return Products([], [])
    presets = wanted(data.reading, data.runs, [], folders)
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
    """For a study that names no figures: accuracy against the iteration, by what varies."""
    strata = ["test_accuracy_fixed", "test_accuracy_moved"]
    measured = data.steps.dropna(axis="columns", how="all").columns
    value = [name for name in ("test_accuracy", *strata) if name in measured]
    iterations = {"kind": "iterations", "value": value or ["test_accuracy"], "by": list(by)}
    return {"accuracy": iterations}


def address(png: bytes) -> str:
    """A picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _table(data: Data, layout: Layout) -> str:
    return html(build(data.runs, layout))


def _figure(data: Data, preset: Mapping[str, Any]) -> str:
    return address(figures.encoded(figures.draw(data, preset), "png"))


def _shown(name: str, make: Callable[[], str]) -> Shown:
    try:
        return Shown(name, make())
    except GrokrfmError as error:
        return Shown(name, "", str(error))
