"""Refusal of averages over settings that nobody meant to average over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from grokrfm.collect.columns import cell_numbers, levels, scientific
from grokrfm.collect.layout import Layout, TableError


def averaged_over(runs: pd.DataFrame, by: Sequence[str]) -> dict[str, list[object]]:
    """Scientific settings that differ between finished runs of one cell: name → values found.

    The seed is not among them.
    """
    finished = runs[runs["status"] == "finished"]
    cells = cell_numbers(finished, by)
    varying = {}
    for name in scientific(runs):
        column = levels(finished, name)
        if name in by or column.nunique(dropna=False) < 2:
            continue
        pairs = pd.DataFrame({"cell": cells, "level": column}).drop_duplicates()
        mixed = pairs["level"][pairs["cell"].duplicated(keep=False)]
        if len(mixed):
            varying[name] = sorted(mixed.unique().tolist(), key=_numbers_first)
    return varying


def _numbers_first(level: Any) -> tuple[bool, Any]:
    return (False, level) if isinstance(level, (int, float)) else (True, str(level))


def refuse_mixtures(runs: pd.DataFrame, layout: Layout) -> None:
    """Refuse to average over a scientific setting that is not in `average_over`."""
    pair = layout.pair
    compared = [pair.setting] if pair else []
    mixed = averaged_over(runs, [*layout.by, *compared])
    if pair:  # settings of the same group, such as the modulus of a task, may differ
        group = f"{pair.setting.split('.')[0]}."
        between = averaged_over(runs, layout.by)
        mixed |= {name: met for name, met in between.items() if not name.startswith(group)}
    mixed = {name: met for name, met in mixed.items() if name not in layout.average_over}
    if mixed:
        listed = "; ".join(f"{name} is {_listed(met)}" for name, met in mixed.items())
        raise TableError(
            f"runs of one cell differ in more than their seed: {listed}. Add such a setting to"
            " --rows or --columns, select one value with --where, or allow it with --average-over"
        )


def _listed(met: Sequence[object]) -> str:
    shown = [*map(str, met[:5]), *(["..."] if len(met) > 5 else [])]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
