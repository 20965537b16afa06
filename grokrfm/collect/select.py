"""The runs that a condition picks, such as "split.train_to_test <= 20 and seed < 5"."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.collect.columns import names

# A whole `name in backticks`, a text in quotes (kept as it is), or a name with dots.
PARTS = re.compile(
    r"`(?P<quoted>[^`]*)`"
    r"|(?P<text>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|(?P<name>(?<![\w.)\]])[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
)
WORDS = {"and", "or", "not", "in", "True", "False", "None"}


class ConditionError(GrokrfmError):
    """A condition cannot be understood, or names columns that are not there."""


def where(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of a frame for which a condition holds; all of them for an empty one.

    Parameters
    ----------
    condition   as `DataFrame.query` takes it, but a column is written by its plain name, dots and
                all; one that is no name, in backticks

    Raises
    ------
    ConditionError   if it cannot be understood; an unknown column is answered with the nearest
    """
    if not condition.strip():
        return frame
    known = names(frame)
    places = {name: f"column_{i}" for i, name in enumerate(known)}
    if "@" in condition:
        raise ConditionError(f"where {condition!r}: there are no variables, so no @")
    expression = PARTS.sub(lambda part: _translated(part, places, condition), condition)
    plain = frame.set_axis(list(places.values()), axis="columns")
    try:
        chosen = plain.eval(expression, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises many kinds, some of them of its parser
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        columns = {place: name for name, place in places.items()}
        reason = re.sub(r"\bcolumn_\d+\b", lambda place: columns.get(place[0], place[0]), reason)
        raise ConditionError(f"where {condition!r}: cannot be evaluated ({reason})") from error
    if not isinstance(chosen, pd.Series) or not pd.api.types.is_bool_dtype(chosen):
        raise ConditionError(
            f"where {condition!r}: is not a condition; compare columns with values (equal is ==),"
            " as in \"kernel.name == 'gaussian' and seed < 5\""
        )
    return frame[chosen.fillna(False).astype("bool")]


def _translated(part: re.Match[str], places: Mapping[str, str], condition: str) -> str:
    """A part of a condition, with the column that it names replaced by its place."""
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
