"""What a kind of figure is: checked settings, and a way to draw the runs of some studies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.api.typing import SeriesGroupBy

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.collect import frames, presets
from grokrfm.collect.columns import grouped as by_levels
from grokrfm.collect.figures import style
from grokrfm.collect.frames import Folders, Reading
from grokrfm.collect.select import where
from grokrfm.collect.statistics import half_width
from grokrfm.collect.tables import averaged_over, check_columns
from grokrfm.runs import features as feature_files
from grokrfm.runs import predictions as prediction_files
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store

MOST_PANELS = 12
K = TypeVar("K", bound="Kind")


class FigureError(GrokrfmError):
    """A figure was asked for that the runs cannot give."""


@dataclass(frozen=True, eq=False)
class Data:
    """The frames of some studies, each read once, when it is needed first."""

    studies: Folders

    @property
    def names(self) -> list[str]:
        """The names of the studies."""
        folders = [self.studies] if isinstance(self.studies, str | PathLike) else self.studies
        return [Path(folder).resolve().name for folder in folders]

    @cached_property
    def reading(self) -> Reading:
        return frames.read(self.studies)

    @cached_property
    def runs(self) -> pd.DataFrame:
        return frames.frame(self.reading)

    @cached_property
    def steps(self) -> pd.DataFrame:
        return frames.steps(self.studies)

    @cached_property
    def records(self) -> dict[str, tuple[Store, Record]]:
        """The best record of every run and the store that holds it, by digest."""
        return {record.digest: (store, record) for store, record in self.reading.best}

    def config(self, digest: str) -> Mapping[str, Any]:
        """The settings of a run, as nested plain values."""
        return self.records[digest][1].config

    def features(self, digest: str) -> dict[int, np.ndarray]:
        """{k: M_k} of a run, empty if it kept none."""
        return feature_files.read(self.records[digest][0].study, digest)

    def predictions(self, digest: str) -> dict[str, np.ndarray] | None:
        """What a run kept of its predictions, see grokrfm.runs.predictions."""
        return prediction_files.read(self.records[digest][0].study, digest) or None


@dataclass(frozen=True, eq=False)
class Group:
    """The runs of one combination of levels; unfinished ones too."""

    levels: tuple[Any, ...]
    runs: pd.DataFrame

    @property
    def finished(self) -> pd.DataFrame:
        return self.runs[self.runs["status"] == "finished"]

    @property
    def name(self) -> str:
        return style.text(", ".join(style.text(level) for level in self.levels))

    def label(self, n: str) -> str:
        return f"{self.name} ({n})" if self.levels else n


@dataclass(frozen=True, kw_only=True)
class Kind(ABC):
    """The settings that every kind of figure has; a subclass adds its own and draws.

    Parameters
    ----------
    by             columns of `collect.runs` whose combinations make the lines or panels
    average_over   scientific settings that may differ within one of them
    where          a query that the runs must meet, see `grokrfm.collect.select`
    title          above the figure
    """

    by: Sequence[str] = ()
    average_over: Sequence[str] = ()
    where: str | None = None
    title: str | None = None

    LISTS: ClassVar[Sequence[str]] = ("by", "average_over")

    def __post_init__(self) -> None:
        for name in self.LISTS:
            given = {name: getattr(self, name)}
            given = {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}
            object.__setattr__(self, name, tuple(presets.names(given, name, "figure")))
        for name in ("where", "title"):
            if not isinstance(getattr(self, name), str | None):
                raise presets.PresetError(
                    f"figure: {name} must be a text, got {getattr(self, name)!r}"
                )

    @abstractmethod
    def draw(self, data: Data) -> Figure:
        """The figure, drawn in the style that is set.

        Raises
        ------
        GrokrfmError   if a column is unknown or unfit, or there is nothing to draw
        """

    def selected(self, data: Data) -> pd.DataFrame:
        """The runs to draw, all statuses."""
        if data.runs.empty:
            raise FigureError("there are no runs yet; there is nothing to draw")
        chosen = where(data.runs, self.where or "")
        if chosen.empty:
            raise FigureError(f"where {self.where!r}: holds for none of the {len(data.runs)} runs")
        return chosen

    def groups(
        self, data: Data, values: Sequence[str] = (), also: Sequence[str] = ()
    ) -> list[Group]:
        """The runs by their levels of `by`, once all columns are known to be fit.

        Parameters
        ----------
        values   columns of `collect.runs` that are to be averaged
        also     columns that tell runs apart within a group
        """
        chosen = self.selected(data)
        apart = list(dict.fromkeys([*self.by, *also]))
        check_columns(chosen, apart, values)
        check_columns(chosen, self.average_over, [])
        for name, levels in averaged_over(chosen, apart).items():
            if name not in self.average_over:
                few = ", ".join(map(style.text, levels[:4])) + ", ..." * (len(levels) > 4)
                raise FigureError(
                    f"this would average over {name} ({few}); put it into `by`, pick a level with"
                    f" `where`, or list it in `average_over`"
                )
        return grouped(chosen, self.by)


def grouped(frame: pd.DataFrame, by: Sequence[str]) -> list[Group]:
    """A group for every combination of levels, in their order."""
    return [Group(levels, members) for levels, members in by_levels(frame, by)]


def ordered(groups: Sequence[Group]) -> bool:
    """Whether the groups are levels of one number."""
    return all(len(group.levels) == 1 and _is_number(group.levels[0]) for group in groups)


def looks(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """How the line of each group looks; too many to tell apart are refused."""
    if len(groups) > style.MOST_LINES:
        raise FigureError(
            f"{len(groups)} lines cannot be told apart, {style.MOST_LINES} can; restrict them with"
            " `where`, or put fewer columns into `by`"
        )
    return style.looks(len(groups), ordered(groups))


def panels(
    count: int, *, columns: int = 3, size: tuple[float, float] = (3.2, 2.8), **shared: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of so many axes, in rows."""
    if count > MOST_PANELS:
        raise FigureError(
            f"{count} panels are too many, {MOST_PANELS} fit; restrict them with `where`, or put"
            " fewer columns into `by`"
        )
    across = min(count, columns)
    down = -(-count // across)
    width, height = (6.4, 4.0) if count == 1 and size == (3.2, 2.8) else size
    figure = Figure(figsize=(max(width * across, 3.6), height * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, **shared).ravel().tolist()
    for spare in grid[count:]:
        spare.set_axis_off()
    return figure, grid[:count]


def of(n: int, planned: int) -> str:
    """How many runs count, and of how many where that differs."""
    return f"n = {n}" if n == planned else f"n = {n} of {planned}"


def means(numbers: SeriesGroupBy[Any, Any]) -> pd.DataFrame:
    """Mean, half width of Student's 95 % interval, and number of runs, for every level."""
    points = numbers.agg(["mean", "sem", "count"])
    points["interval"] = half_width(points["sem"], points["count"])
    return points


def limits(axes: Axes, value: str) -> None:
    """Shares go from 0 to 1, with room for a line on either edge."""
    if is_share(value):
        axes.set_ylim(-0.03, 1.03)


def is_share(value: str) -> bool:
    """Whether a measured column is a share of points, going by its name."""
    return any(word in value for word in ("accuracy", "undecided", "precision", "recall"))


def read(kind: type[K], preset: Mapping[str, Any]) -> K:
    """A figure of some kind from its settings; unknown and missing ones are refused."""
    known = {field.name: field for field in fields(kind)}
    settings = {key: value for key, value in preset.items() if key != "kind"}
    where = f"figure of kind {preset['kind']!r}"
    presets.refuse_unknown(settings, list(known), where)
    for name, field in known.items():
        if field.default is MISSING and name not in settings:
            raise presets.PresetError(f"{where}: {name} must be given")
    return kind(**settings)


def is_number(name: str, value: Any) -> None:
    """Refuse a setting that is no number."""
    if not _is_number(value):
        raise presets.PresetError(f"figure: {name} must be a number, got {value!r}")


def one_of(name: str, value: Any, options: Sequence[str]) -> None:
    """Refuse a setting that is none of some words."""
    if value not in options:
        hint = nearest(str(value), options)
        raise presets.PresetError(
            f"figure: {name} must be one of {', '.join(options)}, got {value!r}; {hint}"
        )


def numeric(column: pd.Series) -> pd.Series | None:
    """A column as numbers, where all its levels are."""
    if column.map(lambda level: _is_number(level) or pd.isna(level)).all():
        return pd.to_numeric(column).astype(float)
    return None


def _is_number(level: Any) -> bool:
    return isinstance(level, (int, float, np.integer, np.floating)) and not isinstance(level, bool)


def nothing(value: str) -> FigureError:
    """What is said where no run has what is to be drawn."""
    return FigureError(f"no finished run has measured {value}; there is nothing to draw")


def pairs(items: Sequence[Any], others: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Two sequences of one length, side by side."""
    return zip(items, others, strict=True)
