"""Data of every run in a report: a row of the table, its history, its last feature matrix.

The data is JSON for the script of the page, so that no text of a record is parsed as HTML.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.image import imsave

from grokrfm.collect.columns import leading, names, settings, varying
from grokrfm.collect.figures import Data
from grokrfm.collect.report.products import data_url
from grokrfm.text import printable

FIRST = ("digest", "status")
LAST = ("seconds", "error")
NEVER_SHOWN = ("title", "study.name", "started", "ended", "commit", "dirty", "host", "threads")
MOST_SHOWN = 12
MOST_NUMBERS = 3_000_000  # in the histories; a page of about 20 MB
MOST_MATRICES = 200
NO_VERSION: Any = {"Software": None}  # no version of matplotlib: the same M gives the same bytes


@dataclass(frozen=True)
class Embedded:
    """JSON for the page, and notes on parts left out."""

    rows: str
    histories: str
    matrices: str
    notes: Sequence[str]


def embedded(data: Data) -> Embedded:
    """Collect the data of the runs for the script of the page."""
    histories, left_out = _histories(data.steps, leading(data.runs))
    matrices, of = _matrices(data)
    notes = []
    if left_out:
        notes.append(f"Histories without {', '.join(left_out)}, to keep this page small.")
    if of > len(matrices):
        notes.append(f"M is shown for the first {len(matrices)} of {of} runs that saved it.")
    return Embedded(_json(_table(data.runs)), _json(histories), _json(matrices), notes)


def _table(runs: pd.DataFrame) -> dict[str, Any]:
    """Columns (name, numeric, shown by default) that vary, and rows."""
    differing = names(varying(runs))
    swept = [name for name in settings(runs) if name in differing]
    first = [*FIRST, *swept, *leading(runs)]
    last = [name for name in LAST if name in runs and runs[name].notna().any()]
    rest = [name for name in differing if name not in (*first, *last)]
    order = [name for name in dict.fromkeys([*first, *last, *rest]) if name in runs]
    shown = [name for name in (*first, *last) if name not in NEVER_SHOWN]
    kept = shown if len(shown) <= MOST_SHOWN else [*shown[: MOST_SHOWN - 1], shown[-1]]
    columns = [
        {
            "name": printable(name),
            "numeric": pd.api.types.is_numeric_dtype(runs[name])
            and not pd.api.types.is_bool_dtype(runs[name]),
            "shown": name in kept,
        }
        for name in order
    ]
    values = [[_plain(value) for value in runs[name]] for name in order]
    return {"columns": columns, "rows": list(map(list, zip(*values, strict=True)))}


def _histories(steps: pd.DataFrame, first: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Histories: run → one list per name; and the names left out to limit the size."""
    numeric = [
        name
        for name in names(steps)
        if name not in ("digest", "iteration", "solver") and steps[name].notna().any()
    ]
    order = sorted(numeric, key=lambda name: first.index(name) if name in first else len(first))
    fitting = max(1, MOST_NUMBERS // max(1, len(steps)))
    kept = order[:fitting]
    columns = {name: [_plain(value, 4) for value in steps[name]] for name in ("iteration", *kept)}
    runs: dict[str, Any] = {}
    for digest, places in steps.groupby("digest", sort=False).indices.items():
        start, end = int(places[0]), int(places[-1]) + 1  # observations of a run are contiguous
        runs[str(digest)] = [column[start:end] for column in columns.values()]
    return {"names": list(map(printable, columns)), "runs": runs}, order[fitting:]


def _matrices(data: Data) -> tuple[dict[str, Any], int]:
    """Last M of runs as a picture with k and scale, and the number of runs that saved one."""
    having = [digest for digest, (_, record) in data.records.items() if record.features]
    pictures: dict[str, Any] = {}
    for digest in having[:MOST_MATRICES]:
        if kept := data.features(digest):
            k = max(kept)
            M = kept[k]
            pictures[digest] = {
                "k": k,
                "low": _plain(float(M.min()), 4),
                "high": _plain(float(M.max()), 4),
                "size": len(M),
                "picture": data_url(_picture(M)),
            }
    return pictures, len(having)


def _picture(M: np.ndarray) -> bytes:
    buffer = BytesIO()
    imsave(buffer, M, format="png", cmap="cividis", metadata=NO_VERSION)
    return buffer.getvalue()


def _plain(value: Any, digits: int = 6) -> Any:
    """Convert to a number of `digits` digits, a string, a boolean, or None if missing."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        short = float(f"{value:.{digits}g}") if math.isfinite(value) else None
        return (
            int(short) if short is not None and short.is_integer() and abs(short) < 1e15 else short
        )
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return printable(str(value))


def _json(value: Mapping[str, Any]) -> str:
    """Encode as JSON without <, which could end the script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
