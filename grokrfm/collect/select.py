"""Selection of runs by a condition, such as "split.train_to_test <= 20 and seed < 5"."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grokrfm.collect.columns import names
from grokrfm.conditions import Condition, Value


def where(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Select the rows of a frame that meet a condition; an empty condition selects all.

    Parameters
    ----------
    condition   see grokrfm.conditions.Condition; a moment is a text, such as '2026-11-24 22:21'

    Raises
    ------
    ConditionError   if the condition is malformed, or a column is unknown (with the nearest one)
    """
    if not condition.strip():
        return frame
    wanted = Condition(condition)
    table = {n: _values(frame[n]) if n in wanted.columns else [] for n in names(frame)}
    held = wanted.holds(table)
    return frame[np.array(held, dtype=bool)]


def _values(column: pd.Series) -> list[Value]:
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime("%Y-%m-%d %H:%M:%S")
    return column.astype("object").where(column.notna(), None).tolist()
