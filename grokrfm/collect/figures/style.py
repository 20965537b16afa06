"""What lines, levels and legends look like: told apart with any colour vision, and in grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.style import use

from grokrfm.collect.formats import shown

# Okabe and Ito's palette without its yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MOST_LINES = len(COLOURS) * len(DASHES)
LONGEST = 36  # letters of a name in a legend or title
TICK = 18  # and at a tick


@contextmanager
def styled() -> Iterator[None]:
    """Draw or save in the style of grokrfm.mplstyle, whatever the user's own is."""
    with mpl.rc_context():
        mpl.rcdefaults()
        use(Path(__file__).with_name("grokrfm.mplstyle"))
        yield


def looks(count: int, ordered: bool) -> list[dict[str, Any]]:
    """Colour, dashes and marker of so many lines; ordered ones that are many go from dark to light.

    No two of MOST_LINES lines look the same.
    """
    if ordered and count > len(COLOURS):
        shades = mpl.colormaps["cividis"]
        colours = [mpl.colors.to_hex(shades(0.9 * i / (count - 1))) for i in range(count)]
    else:
        colours = [COLOURS[i % len(COLOURS)] for i in range(count)]
    return [
        {
            "color": colours[i],
            "linestyle": DASHES[i % len(DASHES)],
            "marker": MARKERS[i % len(MARKERS)],
        }
        for i in range(count)
    ]


def text(value: object, longest: int = LONGEST) -> str:
    """A level or a name as a figure writes it: on one line, shortened in its middle."""
    line = "".join(c if c.isprintable() else " " for c in shown(value))
    if len(line) <= longest:
        return line
    return f"{line[: longest // 2]}…{line[-longest // 2 + 1 :]}"


def counted(counts: Sequence[int]) -> str:
    """The runs that the points of a line stand for: the fewest and the most where they differ."""
    fewest, most = min(counts, default=0), max(counts, default=0)
    return f"n = {most}" if fewest == most else f"n = {fewest} to {most}"


def power(value: float, _: float = 0) -> str:
    """A tick of a logarithmic axis; matplotlib's own is a formula, and text here never is."""
    return f"{value:g}"


def words(column: str) -> str:
    """The name of a measured column as an axis writes it."""
    return text(column.replace("_", " "))


def legend(figure: Figure, handles: Sequence[Artist], title: str) -> None:
    """A legend below everything, in as many columns as fit; the figure grows by its lines."""
    width, height = figure.get_size_inches()
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    columns = max(1, min(int(width * 14 / (longest + 8)), len(handles), 6))
    lines = -(-len(handles) // columns) + bool(title)
    figure.set_size_inches(width, height + 0.17 * lines)
    figure.legend(
        handles=handles,
        title=text(title, 80) if title else None,
        loc="outside lower center",
        ncols=columns,
    )
