"""Report of a study: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grokrfm.collect.figures import Data
from grokrfm.collect.reading import Folders
from grokrfm.collect.report import overview, products, runs
from grokrfm.text import printable_lines

__all__ = ["page"]

HERE = Path(__file__).parent


def page(studies: Folders, folders: Sequence[Path] = ()) -> str:
    """Render the report of one study folder or several as HTML.

    Parameters
    ----------
    folders   folders of presets, searched before the conf folder of grokrfm

    Raises
    ------
    StoreError    if a folder is not a study
    PresetError   if a study names a preset that is missing or invalid
    """
    data = Data(studies)
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        css=_inlined("page.css"),
        js=_inlined("page.js"),
        overview=overview.of(data),
        products=products.of(data, folders),
        embedded=runs.embedded(data),
    )


def _printable(value: Any) -> Any:
    """Make text of records printable; markup that is marked `safe` stays."""
    return printable_lines(value) if type(value) is str else value


def _inlined(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
