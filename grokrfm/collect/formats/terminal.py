"""Table for the terminal (rich)."""

from __future__ import annotations

import io
import shutil
import sys

from grokrfm.collect.formats.grid import grid
from grokrfm.collect.tables import Table


def terminal(table: Table) -> str:
    """Table as wide as the terminal, with wrapped cells, and its caption below."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    laid_out = grid(table)
    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for text in laid_out.head:
        drawn.add_column(Text(text), overflow="fold")
    for line in laid_out.texts:
        drawn.add_row(*map(Text, line))
    console = Console(
        file=io.StringIO(),
        width=shutil.get_terminal_size((100, 24)).columns,
        force_terminal=sys.stdout.isatty(),
        force_jupyter=False,
        highlight=False,
    )
    with console.capture() as captured:
        console.print(drawn)
        console.print(Text(str(table.caption)))
    return captured.get()
