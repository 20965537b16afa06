"""Selection of runs by a condition, such as "split.train_to_test <= 20 and seed < 5"."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.collect.columns import names

# A `name in backticks`, a string in quotes (left unchanged), or a name with dots.
PARTS = re.compile(
    r"`(?P<quoted>[^`]*)`"
    r"|(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|(?P<name>(?<![\w.)\]])[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
)
WORDS = {"and", "or", "not", "in", "True", "False", "None"}


class ConditionError(GrokrfmError):
    """Condition that is malformed or names unknown columns."""


def where(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Select the rows of a frame that meet a condition; an empty condition selects all.

    Parameters
    ----------
    condition   expression as in `DataFrame.query`, but names of columns may contain dots; other
                characters need backticks

    Raises
    ------
    ConditionError   if the condition is malformed, or a column is unknown (with the nearest one)
    """
    if not condition.strip():
        return frame
    known = names(frame)
    places = {name: f"column_{i}" for i, name in enumerate(known)}
    if "@" in condition:
        raise ConditionError(f"where {condition!r}: @ is not supported, write the value itself")
    expression = PARTS.sub(lambda part: _translated(part, places, condition), condition)
    plain = frame.set_axis(list(places.values()), axis="columns")
    try:
        chosen = plain.eval(expression, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises many types, some from its parser
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        columns = {place: name for name, place in places.items()}
        reason = re.sub(r"\bcolumn_\d+\b", lambda place: columns.get(place[0], place[0]), reason)
        raise ConditionError(f"where {condition!r}: cannot be evaluated ({reason})") from error
    if not isinstance(chosen, pd.Series) or not pd.api.types.is_bool_dtype(chosen):
        raise ConditionError(
            f"where {condition!r} is not a condition; compare columns with values (equal is ==),"
            " as in \"task.name == 'addition' and seed < 5\""
        )
    return frame[chosen.fillna(False).astype("bool")]


def _translated(part: re.Match[str], places: Mapping[str, str], condition: str) -> str:
    """Replace the column in one part of a condition by its temporary name."""
    if part["text"] is not None or part["name"] in WORDS:
        return part[0]
    written = part["quoted"] if part["name"] is None else part["name"]
    column, methods = written, ""
    while part["name"] and column not in places and "." in column:
        column, _, method = column.rpartition(".")
        methods = f".{method}{methods}"
    if column not in places or "._" in methods:
        hint = nearest(written, places)
        raise ConditionError(f"where {condition!r}: no column {written!r} in these runs; {hint}")
    return places[column] + methods
