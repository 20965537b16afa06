"""Formats of a table, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grokrfm.collect.formats.csv import csv
from grokrfm.collect.formats.grid import shown
from grokrfm.collect.formats.html import html, html_page
from grokrfm.collect.formats.latex import latex
from grokrfm.collect.formats.markdown import markdown
from grokrfm.collect.formats.terminal import terminal
from grokrfm.collect.tables import Table

__all__ = ["FILES", "FORMATS", "csv", "html", "latex", "markdown", "shown", "terminal"]

FORMATS: Mapping[str, Callable[[Table], str]] = {
    "terminal": terminal,
    "markdown": markdown,
    "csv": csv,
    "latex": latex,
    "html": html_page,
}

FILES: Mapping[str, Callable[[Table], str]] = {
    ".md": markdown,
    ".csv": csv,
    ".tex": latex,
    ".html": html_page,
}
"""Files written for every table of a study: ending → format."""
