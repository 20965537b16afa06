"""Base class of the kinds of figures: their common settings, checked, and the runs they draw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, TypeVar

import pandas as pd
from matplotlib.figure import Figure

from grokrfm.checks import nearest
from grokrfm.collect import presets
from grokrfm.collect.columns import combinations
from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, Group, grouped, is_number
from grokrfm.collect.select import where
from grokrfm.collect.tables import averaged_over, check_columns

MOST_GROUPS = 500  # before those without numbers are left out

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
    """

    by: Sequence[str] = ()
    average_over: Sequence[str] = ()
    where: str | None = None
    title: str | None = None

    LISTS: ClassVar[Sequence[str]] = ("by", "average_over")

    NEEDED: ClassVar[Sequence[str]] = ()
    """Names of the saved predictions that it draws, without which there is nothing to draw."""

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
        apart = list(dict.fromkeys([*self.by, *also]))
        check_columns(chosen, apart, values)
        check_columns(chosen, self.average_over, [])
        if (count := combinations(chosen, self.by)) > MOST_GROUPS:
            raise FigureError(
                f"{count} combinations of {', '.join(self.by)} are too many for a figure; select"
                " runs with `where`, or put fewer columns into `by`"
            )
        for name, levels in averaged_over(chosen, apart).items():
            if name not in self.average_over:
                few = ", ".join(map(style.text, levels[:4])) + ", ..." * (len(levels) > 4)
                raise FigureError(
                    f"this would average over {name} ({few}); put it into `by`, select a level"
                    f" with `where`, or list it in `average_over`"
                )
        return grouped(chosen, self.by)


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


def check_option(name: str, value: Any, options: Sequence[str]) -> None:
    """Refuse a setting that is not one of the options."""
    if value not in options:
        hint = nearest(str(value), options)
        raise presets.PresetError(
            f"figure: {name} must be one of {', '.join(options)}, got {value!r}; {hint}"
        )
