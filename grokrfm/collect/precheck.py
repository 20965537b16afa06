"""Tables and figures that a study names, checked before its runs are computed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from grokrfm.checks import nearest
from grokrfm.collect import layout, presets
from grokrfm.collect.words import known as known_words
from grokrfm.conditions import Condition
from grokrfm.runs.record import Names
from grokrfm.runs.settings import Settings, dotted

SURE = 0.9  # similarity from which a name is taken for another one that is misspelt
KEEP = {"features": "feature matrices", "predictions": "predictions"}


def precheck(runs: Sequence[Settings], names: Names, folders: Sequence[Path]) -> list[str]:
    """Check the presets that planned runs name; returns remarks on what may be missing.

    A setting must be one of these runs or of the package. The numbers of probes are not known
    before they are measured: one that looks misspelt gives a remark.

    Parameters
    ----------
    names     of the learner
    folders   of presets, searched before the conf folder of grokrfm

    Raises
    ------
    PresetError   if a preset does not exist, or a key, a kind or a setting in it is invalid
    """
    studies = list({str(run.get("study")): run for run in runs}.values())
    settings = _settings(runs)
    remarks: list[str] = []
    for name in presets.chosen(studies, "table"):
        table = layout.of_preset(presets.load("table", name, folders), name)
        pair = [table.pair.setting] if table.pair else []
        columns = [*table.by, *table.average_over, *pair, *_in(table.where)]
        numbers = [value.partition(":")[0] for value in table.values]
        remarks += _unknown(f"table {name}", [*columns, *numbers], settings, names)
    figures = presets.chosen(studies, "figure")
    if figures:
        from grokrfm.collect.figures import figure_of  # matplotlib is slow to import

        for name in figures:
            preset = presets.load("figure", name, folders)
            try:
                figure = figure_of(preset)
            except presets.PresetError as error:
                problem = str(error).removeprefix("figure: ")
                raise presets.PresetError(f"figure {name}: {problem}") from error
            columns = [*figure.columns, *_in(figure.where or "")]
            remarks += _unknown(f"figure {name}", columns, settings, names)
            if figure.SAVED and not _saves(runs, figure.SAVED):
                remarks.append(
                    f"figure {name} draws {KEEP[figure.SAVED]}, which no run of this sweep keeps;"
                    f" set save.{figure.SAVED}=last"
                )
    return remarks


def _in(condition: str) -> list[str]:
    """Columns that a condition names."""
    return Condition(condition).columns if condition.strip() else []


def _settings(runs: Sequence[Settings]) -> set[str]:
    """Dotted names of the settings of any run; parts that runs share are read once."""
    parts = {(key, id(part)): part for run in runs for key, part in run.items()}
    return {name for (key, _), part in parts.items() for name, _ in dotted({key: part})}


def _saves(runs: Sequence[Settings], what: str) -> bool:
    return any((run.get("save") or {}).get(what, "none") != "none" for run in runs)


def _unknown(where: str, columns: Sequence[str], settings: set[str], names: Names) -> Iterator[str]:
    known = {*settings, *known_words(), *names.leading}
    for column in columns:
        if column in known:
            continue
        if "." in column:
            raise presets.PresetError(
                f"{where}: no setting is named {column!r}; {nearest(column, sorted(settings))}"
            )
        if close := difflib.get_close_matches(column, known, n=1, cutoff=SURE):
            yield f"{where}: no number is known as {column!r}; did you mean {close[0]}?"
