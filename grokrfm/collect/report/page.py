"""Report of a study: one self-contained HTML page, with files beside it if the study is large."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grokrfm.collect.columns import leading
from grokrfm.collect.figures import Data
from grokrfm.collect.products import Wanted, wanted
from grokrfm.collect.report import overview, products, runs
from grokrfm.collect.report.beside import Beside
from grokrfm.runs.files import write_text
from grokrfm.runs.store import Folders
from grokrfm.text import printable_lines

HERE = Path(__file__).parent
MOST_BYTES = 5_000_000  # in a page
MOST_IN_FILE = 500_000
MOST_IN_FULL = 5_000  # runs whose histories are shown with every number
RESERVED = 300_000  # bytes for style, script, settings and failures


def write(
    studies: Folders,
    target: Path,
    folders: Sequence[Path] = (),
    most_runs: int | None = None,
    most_bytes: int = MOST_BYTES,
    most_in_file: int = MOST_IN_FILE,
) -> None:
    """Write the report of one study folder or several.

    Parameters
    ----------
    target                     file of the page; what has no room there is in a folder beside it
    folders                    folders of presets, searched before the conf folder of grokrfm
    most_runs                  number of runs in the table, the first ones; None: all
    most_bytes, most_in_file   size of the page, and of a file beside it

    Raises
    ------
    StoreError    if a folder is not a study, or a file cannot be written
    PresetError   if a study names a preset that is missing or invalid
    """
    beside = Beside(target, most_in_file)
    write_text(target, _rendered(studies, folders, most_runs, most_bytes, beside))
    beside.remove_earlier()


def page(studies: Folders, folders: Sequence[Path] = ()) -> str:
    """Render the report as one HTML page of any size; see `write`."""
    return _rendered(studies, folders)


def _rendered(
    studies: Folders,
    folders: Sequence[Path],
    most_runs: int | None = None,
    most_bytes: int = 0,
    beside: Beside | None = None,
) -> str:
    data = Data(studies)
    presets = wanted(data.reading, data.runs, [], folders)
    numbers = _charted(data, presets)
    data.steps(numbers)  # once for the figures and the runs together
    made = products.of(data, presets)
    size = sum(len(one.content) for one in (*made.tables, *made.figures))
    room = max(0, most_bytes - size - RESERVED)
    embedded = runs.embedded(data, numbers, most_runs, room, beside)
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        css=_inlined("page.css"),
        js=_inlined("page.js"),
        overview=overview.of(data),
        products=made,
        embedded=embedded,
    )


def _charted(data: Data, presets: Wanted) -> list[str] | None:
    """Numbers that the histories of a large study show; None: all."""
    if len(data.runs) <= MOST_IN_FULL:
        return None
    values = [preset.get("value") for preset in presets.figures.values()]
    lists = [value if isinstance(value, list) else [value] for value in values]
    drawn = [name for names in lists for name in names if isinstance(name, str)]
    return list(dict.fromkeys([*leading(data.runs), *drawn]))


def _printable(value: Any) -> Any:
    """Make text of records printable; markup that is marked `safe` stays."""
    return printable_lines(value) if type(value) is str else value


def _inlined(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
