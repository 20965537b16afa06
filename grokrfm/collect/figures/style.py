"""Style of lines, levels and legends, for any colour vision and for grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.style import use
from matplotlib.ticker import LogFormatter, MaxNLocator

from grokrfm.collect import words as wording
from grokrfm.collect.formats import shown
from grokrfm.text import printable

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
    """Colour, dashes and marker of `count` lines; ordered lines go from dark to light.

    Up to MOST_LINES lines look different, also in grey.
    """
    if ordered and count > 1:
        shades = mpl.colormaps["viridis"]  # its last fifth is faint on white
        colours = [mpl.colors.to_hex(shades(0.8 * i / (count - 1))) for i in range(count)]
    else:
        colours = [COLOURS[i % len(COLOURS)] for i in range(count)]
    dashes = DASHES[:1] if ordered else DASHES
    return [
        {
            "color": colours[i],
            "linestyle": dashes[i % len(dashes)],
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
    """Label of a column: its words in conf/words, else the name of a setting or of a number."""
    return text(wording.words(column))


def level(column: str, value: object) -> str:
    """Level of a column as a legend, title or tick writes it."""
    return text(wording.level(column, value))


named = wording.named


def panel_size(axes: Axes) -> tuple[float, float]:
    """Width and height in inches that a panel has in its figure, with its labels."""
    place, figure = axes.get_subplotspec(), axes.figure
    assert place is not None and isinstance(figure, Figure)
    width, height = figure.get_size_inches()
    grid = place.get_gridspec()
    return width / grid.ncols, height / grid.nrows


def name_y(axes: Axes, label: str) -> None:
    """Label the y axis, in lines that fit beside the panel."""
    axes.set_ylabel(wrapped(label, 0.85 * panel_size(axes)[1]))


def title(axes: Axes, words: str, **options: Any) -> None:
    """Write a title in lines that fit above the panel."""
    width = panel_size(axes)[0]
    axes.set_title("\n".join(wrapped(line, width) for line in words.split("\n")), **options)


def name_x(axes: Axes, label: str) -> None:
    """Label the x axis, in lines that fit below the panel."""
    axes.set_xlabel(wrapped(label, panel_size(axes)[0]))


def name_ticks(axes: Axes, places: Sequence[float], names: Sequence[str]) -> None:
    """Name ticks of the x axis, turned where they have no room beside each other."""
    room = 0.8 * panel_size(axes)[0] / (len(names) or 1)
    turned = max(map(len, names), default=0) * 0.08 > room
    axes.set_xticks(
        places,
        names,
        rotation=30 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor" if turned else "default",
    )


def whole_numbers(axis: Axis) -> None:
    """Place ticks at whole numbers, as many as have room."""
    count = max(2, min(9, int(2.5 * panel_size(axis.axes)[0])))
    axis.set_major_locator(MaxNLocator(count, integer=True, steps=[1, 2, 5, 10]))


def common(names: Sequence[str]) -> str:
    """Label of an axis that several numbers share: the words that end all of their names."""
    ends = [name.split()[::-1] for name in names]
    same = [words[0] for words in zip(*ends, strict=False) if len(set(words)) == 1]
    shared = " ".join(same[::-1])
    return shared if shared and " ".join(names[0].split()).endswith(shared) else ", ".join(names)


def legend(figure: Figure, handles: Sequence[Artist], title: str, *, enlarge: bool = True) -> None:
    """Add a legend below the panels, in as many columns as fit, and enlarge the figure for it."""
    width, height = figure.get_size_inches()
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    columns = max(1, min(int(width * 14 / (longest + 8)), len(handles), 6))
    head = wrapped(title, width)
    lines = -(-len(handles) // columns) + (head.count("\n") + 1 if head else 0)
    if enlarge:
        figure.set_size_inches(width, height + 0.17 * lines)
    figure.legend(handles=handles, title=head or None, loc="outside lower center", ncols=columns)


def wrapped(line: str, inches: float) -> str:
    """Text in lines of at most so many inches."""
    return "\n".join(wrap(printable(line), max(9, int(inches * 14))))
