"""Base class of the kinds of figures: their common settings, checked, and the runs they draw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, TypeVar

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokrfm.checks import nearest
from grokrfm.collect import presets
from grokrfm.collect.columns import combinations
from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, Group, grouped, is_number
from grokrfm.collect.mixtures import averaged_over
from grokrfm.collect.select import where
from grokrfm.collect.tables import check_columns

MOST_GROUPS = 500  # before those without numbers are left out
MOST_PANELS = 30
LOWEST = 1.7  # inches, of a panel

K = TypeVar("K", bound="Kind")


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """Settings that every kind of figure has; a subclass adds its own and draws.

    Parameters
    ----------
    by             columns of `collect.runs` whose combinations make the lines or panels
    average_over   scientific settings that may differ within a line or panel
    where          condition that selects the runs, see `grokrfm.collect.select`
    title          text above the figure
    size           width in inches, or [width, height]; null: as the figure needs
    """

    by: Sequence[str] = ()
    average_over: Sequence[str] = ()
    where: str | None = None
    title: str | None = None
    size: Any = None

    LISTS: ClassVar[Sequence[str]] = ("by", "average_over")

    NEEDED: ClassVar[Sequence[str]] = ()
    """Names of the saved predictions that it draws, without which there is nothing to draw."""

    SAVED: ClassVar[str] = ""
    """Setting of `save` that its runs need: features or predictions; "": none."""

    NARROWEST: ClassVar[float] = 1.5
    """Least width of a panel in inches."""

    def __post_init__(self) -> None:
        for name in self.LISTS:
            given = {name: getattr(self, name)}
            given = {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}
            object.__setattr__(self, name, tuple(presets.names(given, name, "figure")))
        for name in ("where", "title"):
            if not isinstance(getattr(self, name), str | None):
                raise presets.PresetError(
                    f"figure: {name} must be a string, got {getattr(self, name)!r}"
                )
        numbers = self.size if isinstance(self.size, (list, tuple)) else [self.size, 1]
        if self.size is not None and not (
            len(numbers) == 2 and all(is_number(x) and 0 < x < 100 for x in numbers)
        ):
            raise presets.PresetError(
                f"figure: size must be a width in inches, or [width, height], got {self.size!r}"
            )

    @property
    def columns(self) -> list[str]:
        """Columns of `collect.runs` and `collect.steps` that it needs."""
        given = [getattr(self, name, ()) for name in ("x", "y", "value", *self.LISTS)]
        lists = [[one] if isinstance(one, str) else one for one in given]
        return list(dict.fromkeys(name for names in lists for name in names))

    @property
    def apart(self) -> Sequence[str]:
        """Columns whose levels are drawn apart from each other."""
        return self.by

    def sized(self, width: float, height: float, *, scales: bool = True) -> tuple[float, float]:
        """Size of the figure, from the width and height that it needs; the height may not scale."""
        if self.size is None:
            return width, height
        if is_number(self.size):
            return self.size, height * (min(1.0, self.size / width) if scales else 1)
        return tuple(self.size)

    @property
    def most_abreast(self) -> int:
        """Number of panels that fit side by side into the width that is asked for."""
        return 99 if self.size is None else max(1, int(self.sized(1, 1)[0] / self.NARROWEST))

    def panels(
        self,
        count: int,
        *,
        columns: int = 3,
        size: tuple[float, float] | None = None,
        square: bool = False,
        **shared: Any,
    ) -> tuple[Figure, list[Axes], int]:
        """Create a figure with `count` axes of some size, and return the number of its columns."""
        if count > MOST_PANELS:
            raise FigureError(
                f"{count} panels are too many, at most {MOST_PANELS} fit; select runs with `where`,"
                " or put fewer columns into `by`"
            )
        across = min(count, columns)
        width, height = size or ((6.4, 4.0) if count == 1 else (3.2, 2.8))
        across = min(across, self.most_abreast)
        down = -(-count // across)
        wide, high = self.sized(max(width * across, 3.6), height * down)
        if is_number(self.size):
            high = max(high, LOWEST * down, square * down * (wide / across + 0.5))
        figure = Figure(figsize=(wide, high), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False, **shared).ravel().tolist()
        for spare in grid[count:]:
            spare.set_axis_off()
        return figure, grid[:count], across

    def legend(self, figure: Figure, handles: Sequence[Artist], title: str | None = None) -> None:
        """Add a legend below the panels; its title names the columns `by` unless one is given."""
        named = style.named(self.by) if title is None else title
        fixed = isinstance(self.size, (list, tuple))
        style.legend(figure, handles, named, enlarge=not fixed)

    @classmethod
    def plain(cls, data: Data, by: Sequence[str]) -> Mapping[str, Any] | None:
        """Settings for the report of studies that name no figure; None: it is not drawn there."""
        return {"by": by} if cls.NEEDED and data.some_run_predicts(cls.NEEDED) else None

    @abstractmethod
    def draw(self, data: Data) -> Figure:
        """Draw the figure in the current style.

        Raises
        ------
        GrokrfmError   if a column is unknown or not numeric, or there is nothing to draw
        """

    def selected(self, data: Data) -> pd.DataFrame:
        """Runs that `where` selects, of every status."""
        if data.runs.empty:
            raise FigureError("there are no runs yet; there is nothing to draw")
        chosen = where(data.runs, self.where or "")
        if chosen.empty:
            raise FigureError(f"where {self.where!r} selects none of the {len(data.runs)} runs")
        return chosen

    def groups(
        self, data: Data, values: Sequence[str] = (), also: Sequence[str] = ()
    ) -> list[Group]:
        """Selected runs, grouped by their levels of `by`; all columns are checked first.

        Parameters
        ----------
        values   columns of `collect.runs` to be averaged
        also     further columns whose levels are not averaged over
        """
        chosen = self.selected(data)
        apart = list(dict.fromkeys([*self.apart, *also]))
        check_columns(chosen, apart, values)
        check_columns(chosen, self.average_over, [])
        if (count := combinations(chosen, self.apart)) > MOST_GROUPS:
            raise FigureError(
                f"{count} combinations of {', '.join(self.apart)} are too many for a figure; select"
                " runs with `where`, or put fewer columns into `by`"
            )
        for name, levels in averaged_over(chosen, apart).items():
            if name not in self.average_over:
                few = ", ".join(map(style.text, levels[:4])) + ", ..." * (len(levels) > 4)
                raise FigureError(
                    f"this would average over {name} ({few}); put it into `by`, select a level"
                    f" with `where`, or list it in `average_over`"
                )
        return grouped(chosen, self.apart)


def read(kind: type[K], preset: Mapping[str, Any]) -> K:
    """Build a figure of some kind from its settings, without unknown or missing ones."""
    known = {field.name: field for field in fields(kind)}
    settings = {key: value for key, value in preset.items() if key != "kind"}
    where = f"figure of kind {preset['kind']!r}"
    presets.refuse_unknown(settings, list(known), where)
    for name, field in known.items():
        if field.default is MISSING and name not in settings:
            raise presets.PresetError(f"{where}: the setting {name} is missing")
    return kind(**settings)


def check_number(name: str, value: Any) -> None:
    """Refuse a setting that is not a number."""
    if not is_number(value):
        raise presets.PresetError(f"figure: {name} must be a number, got {value!r}")


def check_option(name: str, value: Any, options: Sequence[Any]) -> None:
    """Refuse a setting that is not one of the options."""
    if value not in options:
        known = [str(option).lower() for option in options]
        hint = nearest(str(value), known)
        raise presets.PresetError(
            f"figure: {name} must be one of {', '.join(known)}, got {value!r}; {hint}"
        )


def looks(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Colour, dashes and marker of the line of each group.

    Raises
    ------
    FigureError   if there are more groups than distinct looks
    """
    if len(groups) > style.MOST_LINES:
        raise FigureError(
            f"{len(groups)} lines are too many, at most {style.MOST_LINES} can be told apart;"
            " select runs with `where`, or put fewer columns into `by`"
        )
    ordered = all(len(group.levels) == 1 and is_number(group.levels[0]) for group in groups)
    return style.looks(len(groups), ordered)
