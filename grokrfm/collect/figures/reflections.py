"""Reflections sr^k of the task of an RFM run, drawn from the arrays that the run keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from grokrfm.collect.figures.groups import FigureError
from grokrfm.collect.presets import PresetError


def check_reflections(elements: Any) -> None:
    """Refuse a setting `reflections` of a figure that means nothing."""
    if elements not in ("split", "none") and not isinstance(elements, list):
        raise PresetError(
            "figure: reflections must be split, none or a list of group elements such as [0],"
            f" got {elements!r}"
        )


def permutation_matrices(arrays: Mapping[str, np.ndarray], elements: Any) -> dict[str, np.ndarray]:
    """Permutation matrices Π(sr^k), (2n, 2n), by name.

    Parameters
    ----------
    arrays     of the run: fixing_reflection (n, n), elements (n,), held_out (r,)
    elements   "split" (the reflections whose fixed points are held out), "none", or a list of group
               elements in the user's notation

    Raises
    ------
    FigureError   if the run keeps no such reflections
    """
    return {
        f"sr^{arrays['elements'][k]}": _matrix(arrays["fixing_reflection"] == k)
        for k in _chosen(arrays, elements)
    }


def fixed_pairs(arrays: Mapping[str, np.ndarray], elements: Any) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (a, b), as element indices, that some of those reflections fixes."""
    chosen = _chosen(arrays, elements)
    if not chosen:
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    a, b = np.nonzero(np.isin(arrays["fixing_reflection"], chosen))
    return a, b


def _matrix(fixed: np.ndarray) -> np.ndarray:
    """Matrix of a reflection: it exchanges a with the b of the pair that it fixes."""
    n = len(fixed)
    matrix = np.zeros((2 * n, 2 * n))
    matrix[:n, n:], matrix[n:, :n] = fixed, fixed.T
    return matrix


def _chosen(arrays: Mapping[str, np.ndarray], elements: Any) -> list[int]:
    if elements == "none":
        return []
    if elements == "split":
        return [int(k) for k in arrays.get("held_out", ())]
    if "fixing_reflection" not in arrays:
        raise FigureError(
            "reflections: the run keeps none, its task has no reflections; set reflections: none"
        )
    known = {name: k for k, name in enumerate(arrays["elements"].tolist())}
    for element in map(_written, elements):
        if element not in known:
            raise FigureError(
                f"reflections: {element} is not an element of the group; its elements run from"
                f" {arrays['elements'][0]} to {arrays['elements'][-1]}"
            )
    return [known[_written(element)] for element in elements]


def _written(element: Any) -> str:
    """Element as users write it in a config, such as 3, [2, 3] or r1."""
    return element if isinstance(element, str) else json.dumps(element)
