"""The Plan of a sweep: the settings of all its runs, as they were when it was launched."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from typing import Annotated, Any

import msgspec

from grokrfm.runs.lines import Name, setting
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.record import Names
from grokrfm.runs.settings import Settings, dotted

FORMAT = 3


@dataclass(frozen=True, eq=False)
class Plan:
    """The runs of a sweep, a column per field; later edits of conf/ change nothing here.

    Runs that share a part of their settings, such as the whole task, share one object, in memory
    and on disk.

    Parameters
    ----------
    digests      of the runs, in the order in which they start
    settings     of the runs, nested plain values
    costs        estimated seconds of each run
    batch_keys   runs with equal keys may be computed as one batch; -1: alone
    batch_sizes  the most runs of such a batch
    names        those of the records (see Names)
    """

    digests: Sequence[str]
    settings: Sequence[Settings]
    costs: Sequence[float]
    batch_keys: Sequence[int]
    batch_sizes: Sequence[int]
    names: Names

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Digest → number of the run."""
        return {digest: i for i, digest in enumerate(self.digests)}

    def label(self, digest: str) -> str:
        """Return the settings of a run in which not all runs of the plan agree."""
        settings = dotted(self.settings[self.index[digest]])
        own = ((name, value) for name, value in settings if name in self._varying)
        return " ".join(f"{name.removesuffix('.name')}={value}" for name, value in own)

    @cached_property
    def _varying(self) -> Collection[str]:
        """Settings in which the runs differ."""
        found: set[str] = set()
        for key in dict.fromkeys(chain.from_iterable(self.settings)):
            parts = {id(part): part for one in self.settings for part in [one.get(key)]}
            levels = [dict(dotted({key: part})) for part in parts.values()]
            for name in dict.fromkeys(chain.from_iterable(levels)):
                if len({repr(level.get(name)) for level in levels}) > 1:
                    found.add(name)
        return found

    def to_json(self) -> str:
        """Return the plan as text; equal parts of settings are written once."""
        parts: dict[str, list[Any]] = {
            key: [] for key in dict.fromkeys(chain.from_iterable(self.settings))
        }
        places: dict[str, list[int | None]] = {}
        for key, held in parts.items():
            known: dict[int, int] = {}  # id of a part → its place among them
            row = places[key] = []
            for settings in self.settings:
                if key in settings and id(settings[key]) not in known:
                    known[id(settings[key])] = len(held)
                    held.append(settings[key])
                row.append(known[id(settings[key])] if key in settings else None)
        return json.dumps(
            {
                "format": FORMAT,
                "names": asdict(self.names),
                "digests": list(self.digests),
                "costs": [round(cost, 4) for cost in self.costs],
                "batch_keys": list(self.batch_keys),
                "batch_sizes": list(self.batch_sizes),
                "parts": parts,
                "places": places,
            }
        )

    @staticmethod
    @without_garbage_collection()
    def from_json(text: bytes | str) -> Plan:
        """Return the plan that `to_json` has written.

        Raises
        ------
        ValueError, RecursionError   if it is no such text
        """
        found = msgspec.json.decode(text, type=_Format).format
        if found != FORMAT:
            raise ValueError(f"format {found}, this version reads {FORMAT}")
        held = _document.decode(text)
        counts = [len(held.costs), len(held.batch_keys), len(held.batch_sizes)]
        if {*counts, *map(len, held.places.values())} != {len(held.digests)}:
            raise ValueError("its columns have different lengths")
        settings: list[dict[str, Any]] = [{} for _ in held.digests]
        for key, places in held.places.items():
            parts = [setting(key, bytes(part)) for part in held.parts.get(key, ())]
            try:
                for one, place in zip(settings, places, strict=True):
                    if place is not None:
                        one[key] = parts[place]
            except IndexError:
                raise ValueError(f"it lacks a part of {key}") from None
        return Plan(
            held.digests, settings, held.costs, held.batch_keys, held.batch_sizes, held.names
        )


class _Format(msgspec.Struct):
    format: int


class _Document(msgspec.Struct):
    """A plan as it is written: a column per field, and parts of settings by their places."""

    names: Names
    digests: list[Name]
    costs: list[float]
    batch_keys: list[int]
    batch_sizes: list[int]
    parts: dict[str, list[msgspec.Raw]]
    places: dict[str, list[Annotated[int, msgspec.Meta(ge=0)] | None]]


_document = msgspec.json.Decoder(_Document)
