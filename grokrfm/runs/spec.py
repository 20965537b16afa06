"""The scientific settings of one run, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grokrfm.checks import SettingError, choice, plain_value, shown
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.settings import TARGET, dotted

SCHEMA = 2
"""Version of records and digests; goes up when the same settings mean another computation."""

_encode = json.JSONEncoder(sort_keys=True).encode  # one encoder: json.dumps makes many


def entry(value: Any, setting: str) -> str:
    """Return the JSON text of a scientific setting, equal exactly for equal values."""
    return f"{_encode(setting)}: {_encode(_canonical(value, setting, setting))}"


@dataclass(frozen=True, eq=False)
class Spec:
    """Settings that decide what a run computes (`science`), and what it keeps (the next three).

    Parameters
    ----------
    science : nested plain values   the learner's target and its settings; they name the run
    probes : nested plain values    probe name → its settings
    features : FeatureSelection     the feature matrices to keep
    predictions : "none" or "last"  "last" keeps the predictions of the last iteration
    sources                         class from outside the package → SHA-256 of its source; a
                                    finished run of another source does not count
    entry                           makes the texts of the science; for many runs of shared parts
    """

    science: Mapping[str, Any]
    probes: Mapping[str, Any]
    features: FeatureSelection
    predictions: str = "none"
    sources: Mapping[str, str] = field(default_factory=dict)
    entry: Callable[[Any, str], str] = entry

    def __post_init__(self) -> None:
        choice("predictions", self.predictions, ("none", "last"))

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits, equal exactly for runs that compute the same.

        Numbers count by value (0, 0.0 and 0e0 are one), a file by its content instead of its path.
        The name of an option is a label and does not count.

        Raises
        ------
        SettingError   if a file cannot be read, or a number is not finite
        """
        label = "name" if TARGET in self.science else None
        names = sorted(name for name in self.science if name != label)
        entries = ", ".join([self.entry(self.science[name], name) for name in names])
        text = f"[{SCHEMA}, {{{entries}}}]"
        if "\\ud" in text:  # half of a surrogate pair, or both
            _refuse_halves(self.science)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _refuse_halves(science: Mapping[str, Any]) -> None:
    """Refuse text that has no UTF-8, such as a path of other bytes: a plan could not keep it."""
    for name, value in dotted(science):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise SettingError(name, f"must be text in UTF-8, got {value!a}") from error


def _canonical(value: Any, setting: str, key: Any = None) -> Any:
    if key == "path":
        return _file(value, setting)
    if isinstance(value, Mapping):
        label = "name" if TARGET in value else None
        return {
            str(key): _canonical(part, f"{setting}.{key}", key)
            for key, part in value.items()
            if key != label
        }
    if isinstance(value, (list, tuple)):
        return [_canonical(part, setting) for part in value]
    if isinstance(value, float):
        plain_value(setting, value)
        return int(value) if value.is_integer() else value
    return value


def _file(path: Any, setting: str) -> str:
    if not isinstance(path, str):
        raise SettingError(setting, f"must be the path of a file, got {shown(path)}")
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError(setting, f"{path:.200}: cannot be read ({reason})") from error
