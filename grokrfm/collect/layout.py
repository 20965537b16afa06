"""Layout of a table: its rows, columns and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from grokrfm.checks import GrokrfmError
from grokrfm.collect import presets, statistics
from grokrfm.collect.columns import is_text, is_time
from grokrfm.collect.statistics import Statistic


class TableError(GrokrfmError):
    """Request for a table that the runs cannot give."""


@dataclass(frozen=True)
class Pair:
    """Two levels of a setting, compared over runs of equal seeds: first − second."""

    setting: str
    first: str
    second: str

    @property
    def levels(self) -> tuple[str, str]:
        return self.first, self.second


@dataclass(frozen=True)
class Value:
    """Column and its statistic.

    Parameters
    ----------
    label   as the user writes it: the column, or column:statistic
    """

    label: str
    column: str
    statistic: Statistic


@dataclass(frozen=True)
class Layout:
    """Rows × columns of settings, and the values in every cell; the keys of a table preset.

    Parameters
    ----------
    rows, columns   settings whose levels make the rows and columns of the table
    values          numbers in every cell: COLUMN, or COLUMN:STATISTIC; none: the objective
    statistic       default for values without one (except times and texts, which have their own)
    where           condition that selects the runs (see grokrfm.collect.select)
    paired          SETTING=FIRST,SECOND: the values are differences between runs of equal seeds
    average_over    settings that may differ within a cell
    title           first sentence of the caption
    """

    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    values: Sequence[str] = ()
    statistic: str = "mean"
    where: str = ""
    paired: str = ""
    average_over: Sequence[str] = ()
    title: str = ""

    @property
    def by(self) -> list[str]:
        """Settings that make the cells."""
        return [*self.rows, *self.columns]

    @property
    def pair(self) -> Pair | None:
        """Levels to compare, parsed from `paired`.

        Raises
        ------
        TableError   if `paired` is malformed
        """
        if not self.paired:
            return None
        setting, _, levels = self.paired.partition("=")
        first, comma, second = levels.partition(",")
        if not (setting and comma and first and second) or "," in second:
            raise TableError(
                f"paired {self.paired!r}: must be SETTING=FIRST,SECOND, as in"
                " task.name=addition,division"
            )
        return Pair(setting.strip(), first.strip(), second.strip())

    def shown(self, runs: pd.DataFrame) -> list[Value]:
        """Values, parsed with the columns of the runs.

        Raises
        ------
        StatisticError   for an unknown statistic, with the nearest one
        """
        return [_value(label, self.statistic, runs) for label in self.values]


KEYS = tuple(field.name for field in fields(Layout))
LISTS = ("rows", "columns", "values", "average_over")


def of_preset(preset: Mapping[str, Any], name: str) -> Layout:
    """Layout that a preset describes.

    Raises
    ------
    PresetError   for an unknown key, with the nearest one, or a value of the wrong type
    """
    where = f"table {name}"
    presets.refuse_unknown(preset, KEYS, where)
    given: dict[str, Any] = {}
    for key, value in preset.items():
        if key in LISTS:
            given[key] = presets.names(preset, key, where)
        elif isinstance(value, str):
            given[key] = " ".join(value.split())
        elif value is not None:
            raise presets.PresetError(f"{where}: {key} must be a string, got {value!r}")
    return Layout(**given)


def _value(label: str, usual: str, runs: pd.DataFrame) -> Value:
    column, colon, asked = label.rpartition(":")
    if label in runs or not colon:
        column, asked = label, usual
        if usual == "mean" and is_time(label):
            asked = "time"  # the mean of the runs that reached it would mislead
        elif usual == "mean" and label in runs and is_text(runs[label]):
            asked = "counts"
    return Value(label, column, statistics.named(asked))
