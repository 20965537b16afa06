"""Style of lines, levels and legends, for any colour vision and for grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.style import use
from matplotlib.ticker import LogFormatter

from grokrfm.collect.formats import shown
from grokrfm.collect.presets import load

# Palette of Okabe and Ito without yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MOST_LINES = len(COLOURS) * len(DASHES)
LONGEST = 36  # characters of a name in a legend or title
TICK = 18  # and at a tick


@contextmanager
def styled() -> Iterator[None]:
    """Draw or save in the style of grokrfm.mplstyle, independent of the user's style."""
    with mpl.rc_context():
        mpl.rcdefaults()
        use(Path(__file__).with_name("grokrfm.mplstyle"))
        yield


def looks(count: int, ordered: bool) -> list[dict[str, Any]]:
    """Colour, dashes and marker of `count` lines; many ordered lines go from dark to light.

    Up to MOST_LINES lines look different.
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
    """Level or name as a figure writes it: on one line, shortened in the middle."""
    line = shown(value)
    if len(line) <= longest:
        return line
    return f"{line[: longest // 2]}…{line[-longest // 2 + 1 :]}"


def counted(counts: Sequence[int]) -> str:
    """Number of runs per point of a line, from the fewest to the most if they differ."""
    fewest, most = min(counts, default=0), max(counts, default=0)
    return f"n = {most}" if fewest == most else f"n = {fewest} to {most}"


def plain_ticks(axis: Axis) -> None:
    """Label the ticks of a logarithmic axis with plain text instead of formulas."""
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(_MinorTicks(minor_thresholds=(1, 0.4)))


class _MinorTicks(LogFormatter):
    """Labels of minor ticks where the axis spans less than a power of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def words(column: str) -> str:
    """Label of a column: the words in conf/words, else the name of a setting or of a number."""
    plain = column if "." in column else column.replace("_", " ")
    return text(_words("columns").get(column, plain))


def level(column: str, value: object) -> str:
    """Level of a column as a legend, title or tick writes it."""
    return text(_words("levels").get(column, {}).get(value, value))


def named(columns: Sequence[str]) -> str:
    """Title of a legend whose entries are levels of some columns."""
    return ", ".join(map(words, columns))


@cache
def _words(name: str) -> dict[str, Any]:
    return load("words", name)


def legend(figure: Figure, handles: Sequence[Artist], title: str) -> None:
    """Add a legend below the panels, in as many columns as fit, and enlarge the figure for it."""
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
