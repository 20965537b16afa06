"""Grid of a sweep: products of lists, zipped lists, exclusions, and the order of runs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString, Transformer

from grokrfm.checks import SettingError, nearest, shown
from grokrfm.conditions import Condition, ConditionError, Value

OUTERMOST = "seed"
"""Varies most slowly, so that a sweep cut short still covers every cell."""


def grid(
    arguments: Sequence[str],
    zipped: Sequence[Sequence[str]],
    excluded: str | Sequence[str | Mapping[str, Any]],
    loader: ConfigLoader,
) -> list[list[str]]:
    """Return the overrides of every run, each list in the order of the arguments.

    Parameters
    ----------
    arguments   overrides in Hydra's grammar; those that sweep, a=1,2 or range() or choice() or
                glob(), are multiplied; of two with one name the later counts
    zipped      groups of names that advance together instead of being multiplied
    excluded    mappings name → value and conditions on names (see Condition), or one condition; a
                run that matches all entries of a mapping, or meets a condition, is excluded

    Raises
    ------
    SettingError   if zipped lists differ in length, a name is not swept over, or a condition
                   cannot be evaluated
    """
    excluded = [excluded] if isinstance(excluded, str) else excluded
    for name, value in (("zip", zipped), ("exclude", excluded)):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise SettingError(f"hydra.sweeper.{name}", f"must be a list, got {shown(value)}")
    parser = OverridesParser.create(config_loader=loader)
    levels: dict[str, list[Any]] = {}
    values: dict[str, dict[Any, Value]] = {}
    for override in parser.parse_overrides(list(arguments)):
        name, found = override.get_key_element(), list(_levels(override))
        levels[name] = [text for text, _ in found]
        values[name] = dict(found)
    axes = _axes(levels, _checked_zip(zipped, levels))
    runs = [
        {name: text for part in chosen for name, text in part.items()}
        for chosen in itertools.product(*axes)
    ]
    for entry in excluded:
        if isinstance(entry, str):
            held = _held(entry, runs, values)
            runs = [run for run, is_excluded in zip(runs, held, strict=True) if not is_excluded]
        else:
            written = _checked_exclusion(entry, levels).items()
            runs = [run for run in runs if not written <= run.items()]
    return [
        [f"{name}={run[name]}" if run[name] is not None else name for name in levels]
        for run in runs
    ]


Axis = list[dict[str, Any]]


def _levels(override: Override) -> Iterator[tuple[Any, Value]]:
    """Yield the texts of an override with their values; no text for an override without value."""
    if not override.is_sweep_override():
        has_value = "=" in (override.input_line or "")
        text = override.get_value_element_as_str() if has_value else None
        yield text, _plain(override.value())
    elif not override.is_discrete_sweep():
        raise SettingError(
            override.key_or_group, "an interval cannot be enumerated; use range(start,stop,step)"
        )
    else:
        for value in override.sweep_iterator(Transformer.identity):
            yield Transformer.str(value), _plain(value)


def _plain(value: Any) -> Value:
    """Return a value as a table shows it: a list or a mapping as its JSON text."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=_plain)
    return value


def _axes(levels: Mapping[str, list[Any]], zipped: Sequence[Sequence[str]]) -> list[Axis]:
    """Return the factors of the product: a zipped group at its first name, the seed first."""
    group_of = {name: tuple(group) for group in zipped for name in group}
    groups = list(dict.fromkeys(group_of.get(name, (name,)) for name in levels))
    groups.sort(key=lambda group: OUTERMOST not in group)
    return [
        [
            dict(zip(group, values, strict=True))
            for values in zip(*(levels[name] for name in group), strict=True)
        ]
        for group in groups
    ]


def _checked_zip(
    zipped: Sequence[Sequence[str]], levels: Mapping[str, list[Any]]
) -> Sequence[Sequence[str]]:
    seen: set[str] = set()
    for group in zipped:
        if not isinstance(group, Sequence) or isinstance(group, str) or len(group) < 2:
            raise SettingError(
                "hydra.sweeper.zip",
                f"must be a list of lists of names, such as [[task,split]], got {group!r}",
            )
        for name in map(str, group):
            if name not in levels:
                raise SettingError(
                    "hydra.sweeper.zip", f"{name} is not swept over; {nearest(name, levels)}"
                )
            if name in seen:
                raise SettingError("hydra.sweeper.zip", f"{name} is named twice")
            seen.add(name)
        lengths = {name: len(levels[name]) for name in group}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise SettingError(
                "hydra.sweeper.zip", f"zipped names must have equally many values; {counts}"
            )
    return zipped


def _held(
    text: str, runs: Sequence[Mapping[str, Any]], values: Mapping[str, Mapping[Any, Value]]
) -> list[bool]:
    """Return True for every run that meets a condition of hydra.sweeper.exclude."""
    try:
        condition = Condition(text)
        table = {
            name: [of[run[name]] for run in runs] if name in condition.columns else []
            for name, of in values.items()
        }
        return condition.holds(table, unknown="{} is not swept over")
    except ConditionError as error:
        raise SettingError("hydra.sweeper.exclude", str(error)) from error


def _checked_exclusion(entry: Mapping[str, Any], levels: Mapping[str, list[Any]]) -> dict[str, str]:
    """Return an exclusion with its values written as in the grid."""
    if not isinstance(entry, Mapping) or not entry:
        raise SettingError(
            "hydra.sweeper.exclude",
            "must be a list of mappings such as {task: division, seed: 3} and of conditions such as"
            f" \"task == 'division' and seed >= 3\", got {entry!r}",
        )
    written = {}
    for name, value in entry.items():
        if name not in levels:
            raise SettingError(
                "hydra.sweeper.exclude", f"{name} is not swept over; {nearest(str(name), levels)}"
            )
        text = Transformer.str(value)
        if text not in levels[name]:
            known = ", ".join(map(str, levels[name]))
            raise SettingError(
                "hydra.sweeper.exclude", f"{name}: {text} is none of the values swept, {known}"
            )
        written[str(name)] = text
    return written
