"""Groups read from a file of their Cayley table, with the axioms checked."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grokrfm.algebra.groups import Element, Group
from grokrfm.checks import SettingError

MOST_ELEMENTS = 300
"""Limit on the order n: the associativity check takes n³ products."""


def table(path: str) -> Group:
    """Return the group whose Cayley table is in a CSV file.

    The first line lists the elements; one line of products per element follows. Entry j of the line
    of element i is i·j. An element is an integer or a word without a comma.

    Raises
    ------
    SettingError   if the file is unreadable or not a group; names the axiom and the elements
    """
    if not isinstance(path, str) or not path:
        raise SettingError("path", f"must be the path of a CSV file, got {path!r}")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        lines = [[field.strip() for field in line] for line in csv.reader(text.splitlines())]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a CSV file in UTF-8"
        raise _error(path, f"cannot be read ({reason}); give a CSV file") from error
    lines = [line for line in lines if any(line)]
    if not lines:
        raise _error(path, "is empty; its first line must name the elements")
    names, *rows = lines
    products = _products(path, names, rows)
    _check_axioms(path, names, products)
    return Group(f"the group in {Path(path).name}", tuple(map(_element, names)), products)


def _products(path: str, names: list[str], rows: list[list[str]]) -> NDArray[np.int64]:
    index = {name: i for i, name in enumerate(names)}
    if len(index) < len(names) or "" in index:
        twice = next(name for name in names if names.count(name) > 1 or not name)
        raise _error(path, f"line 1 names the element {twice!r} twice or has an empty name")
    if len(names) > MOST_ELEMENTS:
        raise _error(path, f"must have at most {MOST_ELEMENTS} elements, has {len(names)}")
    if len(rows) != len(names):
        raise _error(path, f"names {len(names)} elements, but has {len(rows)} lines of products")
    products = np.empty((len(names), len(names)), dtype=np.int64)
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise _error(path, f"the line of {names[i]} has {len(row)} products, not {len(names)}")
        for j, entry in enumerate(row):
            if entry not in index:
                raise _error(
                    path, f"is not closed: {names[i]}·{names[j]} = {entry} is not an element"
                )
            products[i, j] = index[entry]
    return products


def _check_axioms(path: str, names: list[str], products: NDArray[np.int64]) -> None:
    everything = np.arange(len(names))
    neutral = (products == everything).all(axis=1) & (everything == products.T).all(axis=1)
    if not neutral.any():
        raise _error(path, "has no identity: no e with e·g = g·e = g for every g")
    identity = int(np.flatnonzero(neutral)[0])
    for i in everything:
        # (i·j)·k against i·(j·k), for all j and k
        wrong = np.argwhere(products[products[i]] != products[i][products])
        if len(wrong):
            a, b, c = names[i], *(names[k] for k in wrong[0])
            raise _error(path, f"is not associative: ({a}·{b})·{c} is not {a}·({b}·{c})")
    invertible = (products == identity).any(axis=1) & (products == identity).any(axis=0)
    if not invertible.all():
        lonely = names[int(np.flatnonzero(~invertible)[0])]
        raise _error(path, f"has no inverse of {lonely}: no g with {lonely}·g = g·{lonely} = e")
    if len(names) < 2:
        raise _error(path, "must have at least 2 elements")


def _element(name: str) -> Element:
    digits = name.removeprefix("-")
    return int(name) if digits.isascii() and digits.isdecimal() else name


def _error(path: str, problem: str) -> SettingError:
    return SettingError("path", f"{path}: {problem}")
