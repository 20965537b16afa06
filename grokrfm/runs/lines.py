"""Lines of a study's files: the one schema against which each is checked as it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache, partial
from typing import Annotated, Any, Literal, TypedDict, TypeVar

import msgspec
from msgspec import Meta, Raw

from grokrfm.runs.provenance import Provenance
from grokrfm.runs.record import Names, Number
from grokrfm.runs.settings import TARGET, Settings

DEEPEST = 50
"""The most levels of nested settings; readers walk them by recursion."""

KEPT = 10_000
"""The most decoded parts of a kind that are kept for other runs."""

T = TypeVar("T")
Value = Number | bool
NAME = r"\A[^/\\\0]{1,200}\Z"
Name = Annotated[str, Meta(pattern=NAME)]  # becomes the name of a file
Moment = Annotated[float, Meta(ge=0, le=9e9)]  # pandas counts no further

Cost = TypedDict(
    "Cost",
    {
        "seconds": Annotated[float, Meta(ge=0)],
        "iterations": Annotated[int, Meta(gt=0)],
        "class": str,
    },
)


class Error(TypedDict):
    """Error of a run that failed."""

    type: str
    message: str
    traceback: str


class Started(msgspec.Struct, tag_field="kind", tag="started", frozen=True):
    """Start of an attempt; the fields are those of Record, large ones still encoded."""

    attempt: str
    digest: str
    started: Moment
    config: Raw
    facts: Raw
    provenance: Raw
    names: Raw = Raw(b"{}")
    sources: dict[str, str] = {}
    cost: Raw = Raw(b"null")
    resumed_at: int = 0
    log_start: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        if not _is_name(self.digest):  # faster than a pattern in the type
            raise ValueError("digest must be a name")


class Ended(msgspec.Struct, tag_field="kind", tag="ended", frozen=True):
    """End of an attempt; the fields are those of Record."""

    attempt: str
    status: Literal["finished", "failed", "crashed", "interrupted"]
    ended: Moment
    metrics: dict[str, Value]
    features: list[int]
    seconds: float | None = None
    predictions: bool = False
    error: Error | None = None

    def __post_init__(self) -> None:
        _check_updates(self.metrics)


class Progress(msgspec.Struct, tag_field="kind", tag="progress", frozen=True):
    """Leading numbers of an attempt that runs, and the updates made."""

    attempt: str
    metrics: dict[str, Value]

    def __post_init__(self) -> None:
        _check_updates(self.metrics)


class History(msgspec.Struct, tag_field="kind", tag="history", frozen=True):
    """Numbers of every observation of an attempt, each list still encoded."""

    attempt: str
    history: dict[str, Raw]


Line = Started | Progress | Ended | History

_is_name = re.compile(NAME).match
_line = msgspec.json.Decoder(Line)
_any = msgspec.json.Decoder()
_of_setting: Mapping[str, msgspec.json.Decoder[Any]] = {
    TARGET: msgspec.json.Decoder(str),
    **dict.fromkeys(("probe", "save", "hardware", "study"), msgspec.json.Decoder(dict[str, Any])),
}
_values = msgspec.json.Decoder(list[Value])
_members = msgspec.json.Decoder(dict[str, Raw])
_facts = msgspec.json.Decoder(dict[str, Any])
_cost: msgspec.json.Decoder[Cost | None] = msgspec.json.Decoder(Cost | None)
_names = msgspec.json.Decoder(Names)


def encoded(entry: Mapping[str, Any]) -> bytes:
    """Return a line, in ASCII."""
    return json.dumps(entry, separators=(",", ":")).encode("ascii") + b"\n"


def decoded(line: bytes) -> Line:
    """Return the entry of a line, its large fields still encoded.

    Raises
    ------
    ValueError, RecursionError   if it is no JSON, or no such entry
    """
    return _decoded(_line, line)


def numbers_of(history: History, wanted: Collection[str] | None) -> dict[str, list[Value]]:
    """Return some numbers of every observation; None: all.

    Raises
    ------
    ValueError   if they are no numbers, or of uneven lengths
    """
    names = history.history.keys() if wanted is None else wanted
    found = {n: _values.decode(history.history[n]) for n in names if n in history.history}
    if len(set(map(len, found.values()))) > 1:
        raise ValueError("a history has numbers of different lengths")
    if any(type(k) is not int for k in found.get("iteration", ())):
        raise ValueError("a history has an iteration that is no integer")
    return found


class Parts:
    """Decodes the large fields of starts: equal parts once, so that runs share one object.

    What is returned must never be changed in place. Each method raises ValueError or
    RecursionError if a field is no such part.
    """

    def __init__(self) -> None:
        self._setting = shared = cache(setting)

        @lru_cache(KEPT)
        def members(text: bytes) -> Settings:
            return {key: shared(key, bytes(raw)) for key, raw in _members.decode(text).items()}

        self._members = members
        self.facts = lru_cache(KEPT)(_field("facts", partial(_decoded, _facts)))
        self.cost = lru_cache(KEPT)(_field("cost", _cost.decode))
        self.names = cache(_field("names", _names.decode))
        self.provenance = cache(_field("provenance", _provenance))

    def config(self, text: bytes) -> Settings:
        """Return settings.

        The runs of a grid cell differ in the seed alone. The members before it make an object, and
        so do those behind it; both are known from other runs of the cell.
        """
        before, _, rest = text.rpartition(b',"seed":')
        seed, _, behind = rest.partition(b",")
        try:
            first, last = self._members(before + b"}"), self._members(b"{" + behind)
            return {**first, "seed": self._setting("seed", seed), **last}
        except ValueError:  # it has no seed, or one elsewhere
            return self._members.__wrapped__(text)


def _check_updates(metrics: Mapping[str, Value]) -> None:
    updates = metrics.get("updates", 0)
    if type(updates) is not int or updates < 0:
        raise ValueError("updates must be a number of updates")


def _field(name: str, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
    def named(text: bytes) -> T:
        try:
            return decode(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    return named


def setting(key: str, text: bytes) -> Any:
    """Return a part of the settings, such as the task.

    Raises
    ------
    ValueError, RecursionError   if it has another type, or too many levels
    """
    part = _decoded(_of_setting.get(key, _any), text)
    if _depth(part) > DEEPEST:
        raise ValueError(f"{key} has more than {DEEPEST} levels")
    return part


def _provenance(text: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _any.decode(text)
    msgspec.convert(found, Provenance)  # a check: what it does not name is kept too
    return found


def _decoded(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # such as NaN or half a surrogate pair, which Python writes
        return decoder.decode(_strict(text))


def _depth(value: Any) -> int:
    """Return the number of levels, not by recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = [
            one.values() if isinstance(one, dict) else one
            for one in level
            if isinstance(one, (dict, list))
        ]
        level = [value for values in inner for value in values]
    return depth


def _strict(line: bytes) -> bytes:
    """Return JSON without numbers that are not finite, and with visible halves of surrogates."""
    entry = json.loads(line.decode(), parse_constant=lambda _: None)
    text = json.dumps(entry, ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\\\u{ord(half[0]):x}", text).encode()
