"""Table for people, as GitHub's Markdown."""

from __future__ import annotations

import re

import pandas as pd

from grokrfm.collect.formats.grid import grid
from grokrfm.collect.tables import Table

# Characters that end a cell or start markup; an underscore inside a word does neither.
SPECIAL = re.compile(r"[\\`*<|~]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|&(?=#?\w+;)|(?<=\w:)/(?=/)|(?<=\w)@")


def markdown(table: Table) -> str:
    """Table with its caption as a paragraph below."""
    laid_out = grid(table)
    lines = [list(map(_escaped, line)) for line in laid_out.texts]
    frame = pd.DataFrame(lines, columns=list(map(_escaped, laid_out.head)))
    text = frame.to_markdown(index=False, disable_numparse=True)
    return f"{text}\n\n{_escaped(str(table.caption))}\n"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\g<0>", text)
