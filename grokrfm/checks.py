"""Exceptions for a user's mistakes, and the guards that raise them.

A message names the setting, the value, the rule and the remedy. The config gate adds the config
path (`setting_prefix`), so the code that checks a value does not need to know it.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
)
from contextlib import contextmanager
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

FULL_ERROR = "HYDRA_FULL_ERROR"
"""Environment variable that asks for the traceback of every error."""

LARGEST = 2**63 - 1
"""Largest integer of a setting, that of 64 bits."""


class GrokrfmError(Exception):
    """Error that the user can correct; shown as its message, without a traceback."""


class SettingError(GrokrfmError, ValueError):
    """Invalid value of a setting.

    Parameters
    ----------
    setting : str   the dotted name, as far as it is known where the error is raised
    problem : str   the violated rule and the remedy; the message puts a colon between the name and
                    the problem, unless the problem starts with "must"
    """

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(setting, problem)
        self.setting = setting
        self.problem = problem

    def __str__(self) -> str:
        joint = " " if self.problem.startswith("must ") else ": "
        return f"{self.setting}{joint}{self.problem}" if self.setting else self.problem


class NumericsError(GrokrfmError, ArithmeticError):
    """Numerical failure of a run: a solve failed or a number is not finite."""


class StoreError(GrokrfmError):
    """Study folder that cannot be read or written."""


def described(error: BaseException) -> str:
    """Return the message of an error; with its type where the message alone would say little."""
    kind, message = type(error).__name__, str(error)
    if message and isinstance(error, Exception):
        return message
    return f"{kind}: {message}" if message else kind  # SystemExit: 3


@contextmanager
def setting_prefix(path: str) -> Iterator[None]:
    """Prefix `path.` to the setting of every SettingError raised inside.

    An error that names no setting concerns the node at `path` as a whole.
    """
    try:
        yield
    except SettingError as error:
        setting = f"{path}.{error.setting}" if error.setting else path
        raise SettingError(setting, error.problem) from error


def nearest(word: str, known: Collection[str]) -> str:
    """Return a hint for a misspelt word: the closest known word, or the list of all."""
    parts = [one for one in sorted(known) if len(word) > 2 and word in one]
    close = parts if len(parts) == 1 else get_close_matches(word, sorted(known), n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known))}"


def shown(value: Any) -> str:
    """Return a value as Python writes it, shortened where it is long."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:100]}… ({len(text)} characters)"


def integer(setting: str, value: Any, *, minimum: int, maximum: int = LARGEST) -> int:
    """Return `value` as an int from `minimum` to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise SettingError(setting, f"must be an integer of at least {minimum}, got {shown(value)}")
    if int(value) > maximum:
        raise SettingError(setting, f"must be at most {maximum}, got {shown(value)}")
    return int(value)


def number(setting: str, value: Any, *, rule: str, allowed: bool | None = None) -> float:
    """Return `value` as a finite float; `rule` states the condition `allowed` in words."""
    if isinstance(value, Real) and not isinstance(value, bool) and allowed is not False:
        try:
            if math.isfinite(value):
                return float(value)
        except OverflowError:  # an integer beyond the floats
            pass
    raise SettingError(setting, f"must be {rule}, got {shown(value)}")


def positive(setting: str, value: Any) -> float:
    """Return `value` as a float above zero."""
    return number(setting, value, rule="a positive number", allowed=_above(value, 0, strict=True))


def not_negative(setting: str, value: Any) -> float:
    """Return `value` as a float of zero or more."""
    return number(setting, value, rule="zero or a positive number", allowed=_above(value, 0))


def bandwidth(value: Any) -> float:
    """Return a kernel bandwidth whose square is a positive, finite float."""
    rule = "between 1e-150 and 1e150, so that its square is a float"
    squares = _above(value, 1e-150) and value <= 1e150
    return number("bandwidth", positive("bandwidth", value), rule=rule, allowed=squares)


def fraction(setting: str, value: Any) -> float:
    """Return `value` as a float strictly between 0 and 1."""
    inside = _above(value, 0, strict=True) and value < 1
    return number(setting, value, rule="a number strictly between 0 and 1", allowed=inside)


def boolean(setting: str, value: Any) -> bool:
    """Return `value` if it is true or false."""
    if not isinstance(value, bool):
        raise SettingError(setting, f"must be true or false, got {shown(value)}")
    return value


def choice(setting: str, value: Any, options: Collection[str]) -> str:
    """Return `value` if it is one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise SettingError(setting, f"must be one of {', '.join(options)}, got {shown(value)}")
    return value


def plain_value(setting: str, value: Any) -> Any:
    """Return nested plain values, if JSON can hold them: finite numbers, and names as keys."""
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(setting, f"must be a finite number, got {value!r}")
    if isinstance(value, (list, tuple)):
        for part in value:
            plain_value(setting, part)
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                raise SettingError(setting, f"must have names as keys, got {shown(key)}")
            plain_value(f"{setting}.{key}", part)
    return value


def _above(value: Any, bound: float, strict: bool = False) -> bool:
    if not isinstance(value, Real):
        return False
    return bool(value > bound if strict else value >= bound)  # type: ignore[operator]


def accept_options(namespace: dict[str, Any], names: Iterable[str]) -> None:
    """Let classes and functions of a module take an option as `hydra.utils.instantiate` passes it.

    Its label `name` is dropped, and OmegaConf's lists and mappings become plain ones. Signatures
    stay as they are.
    """
    for public in names:
        target = namespace[public]
        if inspect.isfunction(target):
            namespace[public] = _accepting(target)
        elif isinstance(target, type):
            init = vars(target).get("__init__")
            if inspect.isfunction(init):
                type.__setattr__(target, "__init__", _accepting(init))


def is_abstract(target: Any) -> bool:
    """True for an abstract class or a protocol."""
    return inspect.isabstract(target) or getattr(target, "_is_protocol", False)


def _accepting(target: Callable[..., Any]) -> Callable[..., Any]:
    if "name" in inspect.signature(target).parameters:  # a label of its own
        return target

    @functools.wraps(target)
    def accepting(*arguments: Any, name: Any = None, **settings: Any) -> Any:
        return target(*arguments, **{key: _plain(value) for key, value in settings.items()})

    return accepting


def _plain(value: Any) -> Any:
    if isinstance(value, MutableMapping) and not isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, MutableSequence) and not isinstance(value, list):
        return [_plain(one) for one in value]
    return value
