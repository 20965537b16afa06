"""Values of a study as JSON, short enough for a page and safe inside one."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from grokrfm.text import printable

DIGITS = 6
TENS = 300  # powers of ten that a float holds with room to spare


def encoded(value: Any) -> str:
    """Encode as JSON in ASCII without <, which could end a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def listed(column: pd.Series) -> list[Any]:
    """Column as numbers of DIGITS digits, strings, booleans, and None where one is missing."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return numbers(rounded(column.to_numpy(), DIGITS))
    if pd.api.types.is_datetime64_any_dtype(column):
        moments = np.datetime_as_string(column.dt.tz_localize(None).to_numpy("datetime64[s]"))
        return [None if text == "NaT" else text.replace("T", " ") for text in moments.tolist()]
    return list(map(_plain, column.tolist()))


def numbers(values: np.ndarray) -> list[float | None]:
    """Numbers of an array as a list, with None where one is missing or infinite."""
    found: list[float | None] = values.tolist()
    if np.isfinite(values).all():
        return found
    return [value if value is not None and math.isfinite(value) else None for value in found]


def rounded(values: np.ndarray, digits: int) -> np.ndarray:
    """Round to significant digits; the results print with no more digits than these.

    A whole number below 2^53, divided by a power of ten up to 10^22, gives the float nearest to
    the decimal number, so that 0.1235 is not written 0.12350000000000001.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    sizes = np.where(values == 0, 1.0, np.abs(values))
    places = digits - 1 - np.floor(np.log10(sizes))
    scale = 10.0 ** np.clip(np.abs(places), 0, TENS)
    finer = np.rint(values * np.where(places < 0, 1, scale)) / scale
    return np.where(places < 0, np.rint(values / scale) * scale, finer)


def _plain(value: Any) -> Any:
    if type(value) is str:  # the commonest
        return printable(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return numbers(rounded(np.array([value], dtype="float64"), DIGITS))[0]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return printable(str(value))
