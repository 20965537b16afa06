"""One example run per group, for figures of matrices and predictions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from grokrfm.collect.figures import style
from grokrfm.collect.figures.data import Data
from grokrfm.collect.figures.groups import FigureError, Group

T = TypeVar("T")


def representatives(
    groups: Sequence[Group], kept: Callable[[str], T | None], what: str
) -> list[tuple[Group, Any, T]]:
    """First finished run of every group, by seed, with a saved array; at least one.

    Parameters
    ----------
    kept   function of a digest that reads the array, None if the run did not save it
    what   name of the array, for the message

    Returns
    -------
    the group, the row of `collect.runs`, and the array
    """
    found = []
    for group in groups:
        by_seed = [name for name in ("seed", "digest") if name in group.finished]
        for _, run in group.finished.sort_values(by_seed).iterrows():
            if (held := kept(str(run["digest"]))) is not None:
                found.append((group, run, held))
                break
    if not found:
        raise FigureError(f"no finished run saved {what}; there is nothing to draw")
    return found


def predictions(
    groups: Sequence[Group], data: Data, needed: Collection[str], what: str
) -> list[tuple[Group, Any, dict[str, np.ndarray]]]:
    """Return such representatives with the saved predictions of these names."""
    return representatives(groups, lambda digest: data.predictions(digest, needed), what)


def too_many(shown: Sequence[object], most: int, what: str) -> None:
    """Refuse more examples than fit."""
    if len(shown) > most:
        raise FigureError(
            f"{len(shown)} {what} are too many, at most {most} fit; select runs with `where`, or"
            " put fewer columns into `by`"
        )


def matrix(data: Data, digest: str, k: Any) -> tuple[int, np.ndarray] | None:
    """Return k and M_k of a run, with the last saved k for "last"; None if M_k was not saved.

    Runs that keep several matrices at a time, one per action, are passed by.
    """
    kept = {k: M for k, M in data.features(digest).items() if M.ndim == 2}
    if k == "last" and kept:
        k = max(kept)
    return (k, kept[k]) if k in kept else None


def headline(group: Group, run: pd.Series, *more: str) -> str:
    """Title of a panel: its levels, then the seed if there are several runs, and more."""
    seed = [f"seed {style.text(run['seed'])}"] if "seed" in run and len(group.runs) > 1 else []
    return "\n".join(part for part in (group.name, ", ".join([*seed, *more])) if part)
