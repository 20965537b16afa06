"""Table for the web, as HTML."""

from __future__ import annotations

from html import escape

from grokrfm.collect.formats.grid import grid
from grokrfm.collect.tables import Table
from grokrfm.text import printable

STYLE = (
    "table{border-collapse:collapse;font:14px sans-serif}"
    "caption{caption-side:bottom;text-align:left;padding:.5em;color:#555}"
    "td,th{padding:.2em .7em;text-align:left;border-bottom:1px solid #ddd}"
    "thead th{border-bottom:1px solid #000}"
)


def html(table: Table) -> str:
    """Element <table> with its caption."""
    laid_out = grid(table)
    lines = "".join(
        "<tr>"
        + "".join(f'<th scope="row">{escape(level)}</th>' for level in levels)
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        + "</tr>\n"
        for levels, cells in laid_out.lines
    )
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in laid_out.head)
    return (
        f"<table>\n<caption>{escape(str(table.caption))}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>\n"
    )


def html_page(table: Table) -> str:
    """Complete page with the table alone."""
    title = escape(printable(table.caption.title or table.caption.studies or "grokrfm"))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n{html(table)}</html>\n"
    )
