"""Settings as nested plain values: dotted names, and parts that many runs share."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Generic, TypeVar

Settings = Mapping[str, Any]

TARGET = "_target_"

T = TypeVar("T")


def dotted(settings: Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting with its dotted name, such as task.modulus; no targets."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{prefix}{key}.")
        elif key != TARGET:
            yield prefix + key, value


class SharedParts:
    """Makes equal parts of many settings one object, so that thousands of runs fit in memory."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], Any] = {}
        self._shared: dict[int, Any] = {}  # the parts by id: they are kept, so no other gets it
        self._encode = json.JSONEncoder(default=str).encode  # one encoder: json.dumps makes many

    def __call__(self, settings: Settings) -> Settings:
        """Return equal settings whose parts must never be changed in place."""
        return {key: self._part(key, part) for key, part in settings.items()}

    def _part(self, key: str, part: Any) -> Any:
        if not isinstance(part, (dict, list)) or id(part) in self._shared:
            return part
        shared = self._parts.setdefault((key, self._encode(part)), part)
        self._shared[id(shared)] = shared
        return shared


class OncePerPart(Generic[T]):
    """A function of a part of settings, called once for all runs that share the part as one object.

    Parameters
    ----------
    function   of a part, which must never be changed in place, and of further arguments
    """

    def __init__(self, function: Callable[..., T]) -> None:
        self._function = function
        self._results: dict[tuple[Hashable, ...], tuple[Any, T]] = {}

    def __call__(self, part: Any, *arguments: Any) -> T:
        key = id(part), *arguments
        found = self._results.get(key)
        if found is None:  # the part is kept, so that no other gets its id
            found = self._results[key] = part, self._function(part, *arguments)
        return found[1]
