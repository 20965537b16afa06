"""Figures (matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from grokrfm.checks import nearest
from grokrfm.collect.tables import TableError, interval, names

# Okabe and Ito's palette: told apart with any colour vision; line styles tell them apart in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")


def over_iterations(
    steps: pd.DataFrame, runs: pd.DataFrame, value: str, by: Sequence[str]
) -> Figure:
    """A number against the iteration: a line a group, with the 95 % interval over its runs as band.

    Parameters
    ----------
    steps, runs   as `collect.steps` and `collect.runs` give them; only finished runs are drawn
    value         a column of `steps`, such as test_accuracy
    by            columns of `runs` whose combinations make the groups

    Raises
    ------
    TableError   if a column is unknown or nothing is finished
    """
    for name, known in [(value, steps), *((name, runs) for name in by)]:
        if name not in known:
            raise TableError(f"no column {name!r} to draw; {nearest(name, names(known))}")
    finished = runs[runs["status"] == "finished"]
    joined = steps[["digest", "iteration", value]].merge(finished[["digest", *by]], on="digest")
    joined = joined.dropna(subset=[value])
    if joined.empty:
        raise TableError(f"no finished run has measured {value}; there is nothing to draw")

    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        groups = joined.groupby(list(by), dropna=False) if by else [((), joined)]
        for number, (key, group) in enumerate(groups):
            spread = group.groupby("iteration")[value].agg(["mean", interval])
            x, mean = spread.index.to_numpy(), spread["mean"].to_numpy()
            half = np.nan_to_num(spread["interval"].to_numpy())
            colour, style = COLOURS[number % len(COLOURS)], STYLES[number % len(STYLES)]
            count = group["digest"].nunique()
            group_name = ", ".join(
                f"{column} = {level}" for column, level in zip(by, key, strict=True)
            )
            label = f"{group_name} (n = {count})" if group_name else f"n = {count}"
            axes.plot(x, mean, style, color=colour, label=label)
            axes.fill_between(x, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel("iteration")
        axes.set_ylabel(value.replace("_", " "))
        if "accuracy" in value or value.startswith("undecided"):
            axes.set_ylim(-0.02, 1.02)
        axes.legend(frameon=False, loc="best")
    return figure


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and PDF beside each other; returns the two paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "pdf")]
    for path in written:
        figure.savefig(path, dpi=160)
    return written
