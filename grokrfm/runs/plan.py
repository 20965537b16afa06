"""The Plan of a sweep: the settings of all its runs, as they were when it was launched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from grokrfm.runs.record import Names
from grokrfm.runs.settings import Settings

FORMAT = 2


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

    def to_json(self) -> str:
        """Return the plan as text; equal parts of settings are written once."""
        keys = list(dict.fromkeys(key for settings in self.settings for key in settings))
        parts: dict[str, list[Any]] = {key: [] for key in keys}
        places: dict[tuple[str, int], int] = {}
        rows = []
        for i, settings in enumerate(self.settings):
            row: list[Any] = [self.digests[i], round(self.costs[i], 4)]
            row += [self.batch_keys[i], self.batch_sizes[i]]
            for key in keys:
                if key not in settings:
                    row.append(None)
                    continue
                place = places.get((key, id(settings[key])))
                if place is None:
                    place = places[key, id(settings[key])] = len(parts[key])
                    parts[key].append(settings[key])
                row.append(place)
            rows.append(row)
        document = {"format": FORMAT, "names": asdict(self.names), "parts": parts, "runs": rows}
        return json.dumps(document)

    @staticmethod
    def from_json(text: str) -> Plan:
        """Return the plan that `to_json` has written.

        Raises
        ------
        ValueError, KeyError, IndexError, TypeError   if it is no such text
        """
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}, this version reads {FORMAT}")
        parts, rows = document["parts"], document["runs"]
        settings = [
            {
                key: parts[key][place]
                for key, place in zip(parts, row[4:], strict=True)
                if place is not None
            }
            for row in rows
        ]
        columns = [[row[column] for row in rows] for column in range(4)]
        digests, costs, batch_keys, batch_sizes = columns
        names = Names(**document["names"])
        return Plan(digests, settings, costs, batch_keys, batch_sizes, names)
