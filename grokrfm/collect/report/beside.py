"""Data of the runs in a report: in the page as far as it has room, the rest in files beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from grokrfm.runs.files import remove, write_text

NAME = re.compile(r"(rows|details)-\d+-[0-9a-f]{12}\.js")


@dataclass(frozen=True)
class Beside:
    """Folder of script files beside a page: report-runs/ beside report.html.

    A page that is opened from a disk can load scripts and nothing else. A file is named by its
    content, so that a page never loads a file of a later report.

    Parameters
    ----------
    page         file of the page
    most_bytes   of the data in one file; a single run may need more
    """

    page: Path
    most_bytes: int
    _written: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.page.with_name(f"{self.page.stem}-runs")

    def write(self, kind: str, text: str) -> str:
        """Write JSON as a script, and return its address for the page."""
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        name = f"{kind}-{len(self._written):04}-{digest}.js"
        write_text(self.folder / name, f"grokrfmReport({json.dumps(text)});\n")
        self._written.add(name)
        return f"{quote(self.folder.name)}/{name}"

    def remove_earlier(self) -> None:
        """Remove the files of earlier reports, and the folder if it is then empty."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if NAME.fullmatch(path.name) and path.name not in self._written:
                remove(path)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


@dataclass(frozen=True)
class Placed:
    """JSON of consecutive runs: a list in the page, and the files that continue it.

    Parameters
    ----------
    text    JSON list of the first runs
    files   number of the first run in a file, and the address of the file
    bytes   size of all files
    """

    text: str
    files: Sequence[tuple[int, str]]
    bytes: int


def placed(kind: str, runs: Iterable[str], room: float, beside: Beside | None) -> Placed:
    """Place the JSON of runs in the page while there is room, then in files beside it.

    Without `beside` everything is placed in the page.
    """
    if beside is None:
        return Placed(_list(runs), [], 0)
    parts = _parts(runs, room, beside.most_bytes)
    first = next(parts)
    number, size, files = len(first), 0, []
    for part in parts:
        text = _list(part)
        files.append((number, beside.write(kind, text)))
        number, size = number + len(part), size + len(text)
    return Placed(_list(first), files, size)


def _list(runs: Iterable[str]) -> str:
    return f"[{','.join(runs)}]"


def _parts(runs: Iterable[str], room: float, most_bytes: int) -> Iterator[list[str]]:
    """Divide the JSON of runs: a first part that may be empty, then parts of `most_bytes`."""
    part: list[str] = []
    used = 0
    for text in runs:
        if used + len(text) >= room:
            yield part
            part, used, room = [], 0, most_bytes
        part.append(text)
        used += len(text) + 1
    yield part
