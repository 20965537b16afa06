"""Errors that a user may meet, and the guards that raise them.

A message names the setting, the value, the rule and the remedy; the config gate puts the config
path in front (`within`), so the code that checks a value need not know where it came from.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any


class GrokrfmError(Exception):
    """Something the user can mend; shown as its message, without a traceback."""


class SettingError(GrokrfmError, ValueError):
    """A setting has a value that it cannot have.

    Parameters
    ----------
    setting : str   the dotted name, as far as the raiser knows it
    problem : str   what is wrong and what would be right; a clause that starts with "must" follows
                    the name directly, anything else follows a colon
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    def __str__(self) -> str:
        joint = " " if self.problem.startswith("must ") else ": "
        return f"{self.setting}{joint}{self.problem}"


class NumericsError(GrokrfmError, ArithmeticError):
    """The arithmetic of a run broke down: a solve failed or a number is not finite."""


class StoreError(GrokrfmError):
    """A study folder cannot be read or written."""


@contextmanager
def within(path: str) -> Iterator[None]:
    """Put `path.` in front of the setting named by any SettingError raised inside.

    One that names no setting is about what stands at `path` as a whole.
    """
    try:
        yield
    except SettingError as error:
        setting = f"{path}.{error.setting}" if error.setting else path
        raise SettingError(setting, error.problem) from error


def nearest(word: str, known: Collection[str]) -> str:
    """A hint for a misspelt word: the closest known one, or the list of all."""
    close = get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"


def integer(setting: str, value: Any, *, minimum: int) -> int:
    """`value` as an int that is at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise SettingError(setting, f"must be an integer of at least {minimum}, got {value!r}")
    return int(value)


def number(setting: str, value: Any, *, rule: str, allowed: bool | None = None) -> float:
    """`value` as a finite float; `rule` says in words what `allowed` tests."""
    if isinstance(value, Real) and not isinstance(value, bool) and allowed is not False:
        try:
            if math.isfinite(value):
                return float(value)
        except OverflowError:  # an integer beyond the floats
            pass
    raise SettingError(setting, f"must be {rule}, got {value!r}")


def positive(setting: str, value: Any) -> float:
    """`value` as a float above zero."""
    return number(setting, value, rule="a positive number", allowed=_above(value, 0, strict=True))


def not_negative(setting: str, value: Any) -> float:
    """`value` as a float of zero or more."""
    return number(setting, value, rule="zero or a positive number", allowed=_above(value, 0))


def bandwidth(value: Any) -> float:
    """A kernel's bandwidth, whose square must be a float too."""
    rule = "a positive number"
    squares = _above(value, 1e-150) and value <= 1e150
    return number("bandwidth", positive("bandwidth", value), rule=rule, allowed=squares)


def fraction(setting: str, value: Any) -> float:
    """`value` as a float strictly between 0 and 1."""
    inside = _above(value, 0, strict=True) and value < 1
    return number(setting, value, rule="a number strictly between 0 and 1", allowed=inside)


def boolean(setting: str, value: Any) -> bool:
    """`value`, which must be true or false."""
    if not isinstance(value, bool):
        raise SettingError(setting, f"must be true or false, got {value!r}")
    return value


def choice(setting: str, value: Any, options: Collection[str]) -> str:
    """`value`, which must be one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise SettingError(setting, f"must be one of {', '.join(options)}, got {value!r}")
    return value


def _above(value: Any, bound: float, strict: bool = False) -> bool:
    if not isinstance(value, Real):
        return False
    return bool(value > bound if strict else value >= bound)  # type: ignore[operator]
