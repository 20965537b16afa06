"""Words for columns and levels, as tables and figures write them: conf/words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from grokrfm.collect.presets import load

_OWN: ContextVar[Mapping[str, str]] = ContextVar("own words of columns")


@contextmanager
def in_words(own: Mapping[str, str]) -> Iterator[None]:
    """Write columns in words of the user's own: column → words."""
    token = _OWN.set(own)
    try:
        yield
    finally:
        _OWN.reset(token)


def words(column: str) -> str:
    """Words of a column, else the name of a setting, or of a number without underscores."""
    plain = column if "." in column else column.replace("_", " ")
    return str(_OWN.get({}).get(column) or _load("columns").get(column, plain))


def level(column: str, value: object) -> object:
    """Level of a column in words, else as it is."""
    try:
        return _load("levels").get(column, {}).get(value, value)
    except TypeError:  # a list is no key
        return value


def named(columns: Sequence[str]) -> str:
    """Words of several columns, as the title of a legend whose entries are their levels."""
    return ", ".join(map(words, columns))


def reached(time: str) -> str:
    """Verb for runs that reached a time: grokked for grok_iteration."""
    return str(_load("reached").get(time, "reached it"))


def in_latex(text: str) -> str | None:
    """LaTeX of some words, where it is more than escaping them."""
    found = _load("latex").get(text)
    return None if found is None else str(found)


def known() -> list[str]:
    """Columns that have words."""
    return list(_load("columns"))


@cache
def _load(name: str) -> dict[Any, Any]:
    return load("words", name)
