"""The resolved settings of one run, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grokrfm.checks import SettingError, choice
from grokrfm.runs.features import FeatureSelection

SCHEMA = 1
"""Goes up when the same settings come to mean another computation."""


@dataclass(frozen=True, eq=False)
class Spec:
    """What one run computes (`science`) and what it is asked to leave (the others).

    Parameters
    ----------
    science : nested plain values   task, split, kernel, rfm, start, seed, ...; names the run
    probes : nested plain values    probe name → its settings
    features : FeatureSelection     which feature matrices are kept
    predictions : "none" or "last"   whether those of the last iteration are kept
    """

    science: Mapping[str, Any]
    probes: Mapping[str, Any]
    features: FeatureSelection
    predictions: str = "none"

    def __post_init__(self) -> None:
        choice("predictions", self.predictions, ("none", "last"))

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that are equal exactly for runs that compute the same.

        Numbers count by value (0, 0.0 and 0e0 are one), a file by its content instead of its path.
        """
        text = json.dumps([SCHEMA, _canonical(self.science)], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _file(v) if key == "path" else _canonical(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(v) for v in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _file(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise SettingError("path", f"{path}: cannot be read ({error.strerror})") from error
