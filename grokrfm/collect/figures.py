"""Figures (matplotlib)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from grokrfm.collect.formats import shown
from grokrfm.collect.frames import Folders, runs, steps
from grokrfm.collect.layout import TableError
from grokrfm.collect.presets import names, refuse_unknown
from grokrfm.collect.statistics import student
from grokrfm.collect.tables import check_columns

# Okabe and Ito's palette: told apart with any colour vision; line styles tell them apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")


def draw(studies: Folders, preset: Mapping[str, Any]) -> Figure:
    """The figure that a preset describes: of kind iterations, a `value` by the settings `by`."""
    known = ("kind", "value", "by", "average_over", "where", "title")
    refuse_unknown(preset, known, "figure")
    [value], by = names(preset, "value", "figure"), names(preset, "by", "figure")
    return over_iterations(steps(studies), runs(studies), value, by)


def over_iterations(
    steps: pd.DataFrame, runs: pd.DataFrame, value: str, by: Sequence[str]
) -> Figure:
    """A number against the iteration: a line a group, with the 95 % interval over its runs as band.

    The label of a group gives its runs; where some have fewer iterations, the fewest and the most
    that a point of the line stands for.

    Parameters
    ----------
    steps, runs   as `collect.steps` and `collect.runs` give them; only finished runs are drawn
    value         a numeric column of `steps`, such as test_accuracy
    by            columns of `runs` whose combinations make the groups

    Raises
    ------
    TableError   if a column is unknown or unfit, or nothing is finished
    """
    check_columns(runs, groups=by, values=[])
    check_columns(steps, groups=["digest", "iteration"], values=[value])
    finished = runs[runs["status"] == "finished"]
    levels_of = finished[list(by)].set_axis(
        range(len(by)), axis="columns"
    )  # a level may be a digest
    levels_of = levels_of.assign(digest=finished["digest"])
    joined = steps[["digest", "iteration", value]].dropna().merge(levels_of, on="digest")
    if joined.empty:
        raise TableError(f"no finished run has measured {value}; there is nothing to draw")

    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        keys = list(range(len(by)))
        groups = joined.groupby(keys, dropna=False) if by else [((), joined)]
        for number, (levels, group) in enumerate(groups):
            points = group.groupby("iteration")[value].agg(["mean", _interval, "count"])
            x, mean = points.index.to_numpy(), points["mean"].to_numpy()
            half = np.nan_to_num(points["_interval"].to_numpy())
            colour, style = COLOURS[number % len(COLOURS)], STYLES[number % len(STYLES)]
            label = _label(by, levels, points["count"])
            axes.plot(x, mean, style, color=colour, label=label)
            axes.fill_between(x, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel("iteration")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylabel(value.replace("_", " "))
        if "accuracy" in value or value.startswith("undecided"):
            axes.set_ylim(-0.02, 1.02)
        axes.legend(frameon=False, loc="best")
    return figure


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF beside each other, aside and renamed; returns the two paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "pdf")]
    for path in written:
        aside = path.with_name(f".{path.name}.tmp")
        figure.savefig(aside, dpi=160, format=path.suffix[1:])
        aside.replace(path)
    return written


def _interval(values: pd.Series) -> float:
    return student(values.to_numpy())


def _label(by: Sequence[str], levels: Sequence[object], counts: pd.Series) -> str:
    fewest, most = counts.min(), counts.max()
    n = f"n = {most}" if fewest == most else f"n = {fewest} to {most}"
    name = ", ".join(f"{column} = {shown(level)}" for column, level in zip(by, levels, strict=True))
    label = f"{name} ({n})" if name else n
    return label.replace("$", r"\$")  # a dollar would start a formula
