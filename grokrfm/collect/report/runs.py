"""Data of every run in a report: a row of the table, its history, its last feature matrix.

The data is JSON for the script of the page, so that no text of a record is parsed as HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.image import imsave

from grokrfm.collect.columns import leading, names, settings, varying
from grokrfm.collect.figures import Data
from grokrfm.collect.figures.data import side_by_side
from grokrfm.collect.figures.matrices import DIVERGING
from grokrfm.collect.report.beside import Beside, Placed, placed
from grokrfm.collect.report.products import data_url
from grokrfm.collect.report.values import encoded, listed, numbers, rounded
from grokrfm.text import printable

FIRST = ("digest", "status")
LAST = ("seconds", "error")
NEVER_SHOWN = ("title", "study.name", "started", "ended", "commit", "dirty", "host", "threads")
MOST_SHOWN = 12
MOST_NUMBERS = 12_000_000  # in the histories; files of about 80 MB
MOST_MATRICES = 200
DIGITS = 4  # in a chart
ROWS_SHARE = 0.3  # of the room in the page, for the table; the rest is for histories and matrices
NO_VERSION: Any = {"Software": None}  # no version of matplotlib: the same M gives the same bytes


@dataclass(frozen=True)
class Embedded:
    """Data for the page.

    Parameters
    ----------
    rows      JSON of the table
    details   JSON of the histories and matrices
    folder    name of the folder that holds the rest; empty if there is none
    notes     sentences about everything that is left out
    """

    rows: str
    details: str
    folder: str
    notes: Sequence[str]


def embedded(
    data: Data,
    numbers: Sequence[str] | None,
    most: int | None = None,
    room: float = 0,
    beside: Beside | None = None,
) -> Embedded:
    """Collect the data of the runs for the script of the page.

    Parameters
    ----------
    numbers   numbers to show in the histories; None: all
    most      number of runs to show, the first ones; None: all
    room      bytes in the page, if there are files beside it
    """
    runs = data.runs.iloc[:most]
    shown = [str(digest) for digest in runs["digest"]] if len(runs) else []
    columns, rows = _table(data.runs, runs)
    histories = _Histories(data.steps(numbers), leading(data.runs))
    saved = [digest for digest in shown if digest in data.records]
    saved = [digest for digest in saved if data.records[digest][1].features]
    with_matrix = set(saved[:MOST_MATRICES])
    details = (_details(data, histories, digest, digest in with_matrix) for digest in shown)
    table = placed("rows", map(encoded, rows), ROWS_SHARE * room, beside)
    charts = placed("details", map(encoded, details), room - len(table.text), beside)
    notes = _notes(len(runs), len(data.runs), numbers, histories.left_out, len(saved))
    folder = beside.folder.name if beside and (table.files or charts.files) else ""
    if folder:
        notes.append(f"Keep the folder {folder} beside this page; it holds the data of most runs.")
    return Embedded(
        _continued({"columns": columns, "total": len(runs)}, table),
        _continued({"names": list(map(printable, histories.names))}, charts),
        folder,
        notes,
    )


def _continued(head: Mapping[str, Any], runs: Placed) -> str:
    """JSON object of `head`, the runs in the page, and the files that continue them."""
    rest = encoded({**head, "files": runs.files, "bytes": runs.bytes})
    return f'{rest[:-1]},"runs":{runs.text}}}'


def _notes(
    shown: int, runs: int, asked: Sequence[str] | None, left_out: Sequence[str], saved: int
) -> list[str]:
    """Return a sentence about everything that is left out."""
    notes = []
    if shown < runs:
        notes.append(f"Only the first {shown} of {runs} runs are in this table (--runs).")
    if asked is not None:
        notes.append(
            f"Histories show only {', '.join(asked) or 'the iterations'}, because the study is"
            " large; collect.steps reads every number."
        )
    if left_out:
        notes.append(f"Histories without {', '.join(left_out)}, to keep this report small.")
    if saved > MOST_MATRICES:
        notes.append(f"M is shown for the first {MOST_MATRICES} of {saved} runs that saved it.")
    return notes


def _table(every: pd.DataFrame, runs: pd.DataFrame) -> tuple[list[dict[str, Any]], Iterator[Any]]:
    """Columns (name, numeric, shown by default) that vary, and a row of values per run."""
    differing = names(varying(every))
    swept = [name for name in settings(every) if name in differing]
    first = [*FIRST, *swept, *leading(every)]
    last = [name for name in LAST if name in every and every[name].notna().any()]
    rest = [name for name in differing if name not in (*first, *last)]
    order = [name for name in dict.fromkeys([*first, *last, *rest]) if name in every]
    shown = [name for name in (*first, *last) if name not in NEVER_SHOWN]
    kept = shown if len(shown) <= MOST_SHOWN else [*shown[: MOST_SHOWN - 1], shown[-1]]
    columns = [
        {
            "name": printable(name),
            "numeric": pd.api.types.is_numeric_dtype(every[name])
            and not pd.api.types.is_bool_dtype(every[name]),
            "shown": name in kept,
        }
        for name in order
    ]
    return columns, zip(*(listed(runs[name]) for name in order), strict=True)


class _Histories:
    """Histories of runs, rounded for charts.

    Parameters
    ----------
    steps   observations of a run are contiguous
    first   names to keep before others if there are more than MOST_NUMBERS numbers
    """

    def __init__(self, steps: pd.DataFrame, first: Sequence[str]) -> None:
        numeric = [
            name
            for name in names(steps)
            if name not in ("digest", "iteration", "solver") and steps[name].notna().any()
        ]
        order = sorted(numeric, key=lambda name: first.index(name) if name in first else len(first))
        fitting = max(1, MOST_NUMBERS // max(1, len(steps)))
        self.names, self.left_out = order[:fitting], order[fitting:]
        self._iterations = steps["iteration"].to_numpy()
        self._columns = [rounded(_floats(steps[name]), DIGITS) for name in self.names]
        codes, digests = pd.factorize(steps["digest"])
        bounds = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
        self._places = dict(zip(map(str, digests), pairwise(bounds), strict=True))

    def of(self, digest: str) -> list[Any] | None:
        """Iterations of a run (n for 0, ..., n - 1) and a list per name; None without any."""
        if digest not in self._places:
            return None
        start, end = self._places[digest]
        iterations = self._iterations[start:end].tolist()
        regular = iterations == list(range(len(iterations)))
        columns = [numbers(column[start:end]) for column in self._columns]
        return [len(iterations) if regular else iterations, *columns]


def _floats(column: pd.Series) -> np.ndarray:
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)


def _details(data: Data, histories: _Histories, digest: str, with_matrix: bool) -> dict[str, Any]:
    details: dict[str, Any] = {"history": histories.of(digest)}
    if with_matrix and (kept := data.features(digest)):
        k = max(kept)
        M = kept[k]
        reach = float(np.abs(M).max())
        [shown_reach] = numbers(rounded(np.array([reach]), DIGITS))
        shown, size = side_by_side(M), " × ".join(map(str, M.shape))
        picture = data_url(_picture(shown, reach))
        details["M"] = {"k": k, "reach": shown_reach, "size": size, "picture": picture}
    return details


def _picture(M: np.ndarray, reach: float) -> bytes:
    """Picture with white at 0, and the same depth of colour on both sides."""
    buffer = BytesIO()
    scale: dict[str, Any] = {"cmap": DIVERGING, "vmin": -reach, "vmax": reach}
    imsave(buffer, M, format="png", metadata=NO_VERSION, **scale)
    return buffer.getvalue()
