"""Lines of a figure in panels: which setting colours them, and which spreads them over panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokrfm.collect.columns import is_share
from grokrfm.collect.figures import style
from grokrfm.collect.figures.groups import FigureError, Group, grouped, numeric
from grokrfm.collect.figures.kind import Kind

MOST_TOGETHER = len(style.DASHES)
"""Lines of several columns that stay in one panel; each has dashes of its own."""

MOST_ABREAST = 4

Look = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines that share axes, each with its look."""

    group: Group
    lines: Sequence[tuple[Group, Look]]


@dataclass(eq=False)
class Legend:
    """Entries of a legend, one per look, whichever panels it is drawn in."""

    lines: dict[Key, tuple[Group, Artist, list[int]]] = field(default_factory=dict)

    def add(self, group: Group, handle: Artist, counts: Sequence[int]) -> None:
        """Add a line of a group, with the number of runs in each of its points."""
        self.lines.setdefault(_key(group), (group, handle, []))[2].extend(counts)

    def entries(self) -> tuple[list[Artist], str]:
        """Return the handles, and the number of runs to be said once if it is always the same."""
        numbers = {style.counted(counts) for _, _, counts in self.lines.values()}
        once = numbers.pop() if len(numbers) == 1 and len(self.lines) > 1 else ""
        for group, handle, counts in self.lines.values():
            handle.set_label(group.name if once else group.label(style.counted(counts)))
        return [handle for _, handle, _ in self.lines.values()], once


@dataclass(frozen=True, kw_only=True)
class Lines(Kind):
    """Settings of kinds whose groups are lines.

    A numeric setting colours its lines from dark to light in its order; without one, the first
    column of `by` colours. Where more lines than can be told apart in grey would share axes, the
    other columns make panels.

    Parameters
    ----------
    panel   columns whose combinations make panels
    """

    panel: Sequence[str] = ()

    LISTS: ClassVar[Sequence[str]] = (*Kind.LISTS, "panel")

    @property
    def apart(self) -> Sequence[str]:
        return list(dict.fromkeys([*self.panel, *self.by]))

    @property
    def in_shades(self) -> bool:
        """True if lines differ in their shades alone, because their dashes say something else."""
        return False

    def arranged(self, groups: Sequence[Group]) -> tuple[list[Panel], list[str]]:
        """Return the panels, and the columns whose levels are the lines in them.

        Raises
        ------
        FigureError   if there are more lines than distinct looks
        """
        runs = pd.concat([group.runs for group in groups])
        lines, panel = self._roles(groups, runs)
        keys = [_key(group) for group in grouped(runs, lines)]
        if len(keys) > style.MOST_LINES:
            raise FigureError(
                f"{len(keys)} lines are too many, at most {style.MOST_LINES} can be told apart;"
                " select runs with `where`, or put fewer columns into `by`"
            )
        ordered = self.in_shades or (len(lines) == 1 and numeric(runs[lines[0]]) is not None)
        looks = dict(zip(keys, style.looks(len(keys), ordered), strict=True))
        panels = [
            Panel(one, [(line, looks[_key(line)]) for line in grouped(one.runs, lines)])
            for one in grouped(runs, panel)
        ]
        return panels, lines

    def _roles(self, groups: Sequence[Group], runs: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Columns of the lines, and those of the panels."""
        by = [column for column in self.by if column not in self.panel]
        numbers = {c: runs[c].nunique() for c in by if numeric(runs[c]) is not None}
        if self.panel or len(groups) <= MOST_TOGETHER or not by:
            return by, list(self.panel)
        if len(by) == 1:
            many = not numbers and len(groups) > len(style.COLOURS)
            return ([], by) if many else (by, [])
        hue = max(numbers, key=lambda column: numbers[column]) if numbers else by[0]
        return [hue], [column for column in by if column != hue]

    def grid(
        self, panels: Sequence[Panel], values: Sequence[str], x: str
    ) -> tuple[Figure, list[list[Axes]]]:
        """Create axes with labels; a list per panel, with one for each value."""
        several = len(panels) > 1 and len(values) > 1
        rows = several and len(panels) <= MOST_ABREAST  # a row of panels for each value
        count = len(panels) * len(values)
        small = count > 6 and not rows
        figure, axes, across = self.panels(
            count,
            columns=len(panels) if rows else 5 if small else 3,
            size=(2.3, 2.1) if small else None,
            sharex=True,
            sharey="row" if rows else len(values) == 1,
        )
        rows &= across == len(panels)
        for number, one in enumerate(axes):
            value, panel = values[number // len(panels)], panels[number % len(panels)]
            first = number % across == 0
            if panel.group.by and not (rows and number >= across):
                style.title(one, panel.group.title)
            if first or not (rows or len(values) == 1):
                style.name_y(one, style.words(value))
            limits(one, value)
            is_last = number + across >= count
            one.tick_params(labelbottom=is_last)
            if is_last:
                style.name_x(one, x)
        return figure, [axes[number :: len(panels)] for number in range(len(panels))]

    def line_legend(
        self, figure: Figure, legend: Legend, lines: Sequence[str], more: Sequence[Artist] = ()
    ) -> None:
        """Add the legend of the lines, with further entries."""
        handles, once = legend.entries()
        named = style.named(lines)
        title = f"{named} ({once})" if named and once else named
        if handles or more:
            self.legend(figure, [*handles, *more], title)


def limits(axes: Axes, value: str) -> None:
    """Set the limits of a share to 0 and 1, with room for a line on either edge."""
    if is_share(value):
        axes.set_ylim(-0.03, 1.03)


def _key(group: Group) -> Key:
    return tuple(None if pd.isna(level) else level for level in group.levels)
