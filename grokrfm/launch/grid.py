"""Grid of a sweep: products of lists, zipped lists, exclusions, and the order of runs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Transformer

from grokrfm.checks import SettingError, nearest, shown

OUTERMOST = "seed"
"""Varies most slowly, so that a sweep cut short still covers every cell."""


def grid(
    arguments: Sequence[str],
    zipped: Sequence[Sequence[str]],
    excluded: Sequence[Mapping[str, Any]],
    loader: ConfigLoader,
) -> list[list[str]]:
    """Return the overrides of every run, each list in the order of the arguments.

    Parameters
    ----------
    arguments   overrides in Hydra's grammar; those that sweep, a=1,2 or range() or choice() or
                glob(), are multiplied; of two with one name the later counts
    zipped      groups of names that advance together instead of being multiplied
    excluded    mappings name → value; a run that matches all entries of one is excluded

    Raises
    ------
    SettingError   if zipped lists differ in length, or a name is not swept over
    """
    for name, value in (("zip", zipped), ("exclude", excluded)):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise SettingError(f"hydra.sweeper.{name}", f"must be a list, got {shown(value)}")
    parser = OverridesParser.create(config_loader=loader)
    levels: dict[str, list[str]] = {}
    for override in parser.parse_overrides(list(arguments)):
        levels[override.get_key_element()] = _levels(override)
    axes = _axes(levels, _checked_zip(zipped, levels))
    exclusions = [_checked_exclusion(entry, levels, parser) for entry in excluded]
    runs = []
    for chosen in itertools.product(*axes):
        values = {name: text for part in chosen for name, text in part.items()}
        if not any(entry.items() <= values.items() for entry in exclusions):
            runs.append(
                [f"{name}={values[name]}" if values[name] is not None else name for name in levels]
            )
    return runs


Axis = list[dict[str, Any]]


def _levels(override: Override) -> list[Any]:
    """Return the values of an override as texts; None for an override without value."""
    if not override.is_sweep_override():
        has_value = "=" in (override.input_line or "")
        return [override.get_value_element_as_str() if has_value else None]
    if not override.is_discrete_sweep():
        raise SettingError(
            override.key_or_group, "an interval cannot be enumerated; use range(start,stop,step)"
        )
    return list(override.sweep_string_iterator())


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


def _checked_exclusion(
    entry: Mapping[str, Any], levels: Mapping[str, list[Any]], parser: OverridesParser
) -> dict[str, str]:
    """Return an exclusion with its values written as in the grid."""
    if not isinstance(entry, Mapping) or not entry:
        raise SettingError(
            "hydra.sweeper.exclude",
            f"must be a list of mappings such as {{task: division, seed: 3}}, got {entry!r}",
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
