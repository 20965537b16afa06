"""Presets of tables and figures: conf/table/NAME.yaml and conf/figure/NAME.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.paths import conf_folder

KINDS = ("table", "figure", "expectation", "words")


class PresetError(GrokrfmError):
    """Preset that is missing, unreadable or invalid."""


def load(kind: str, name: str, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """Read the settings of a preset.

    Parameters
    ----------
    kind      one of KINDS
    name      name of the file, without .yaml
    folders   searched before the conf folder of grokrfm, with the same layout

    Raises
    ------
    PresetError   naming the file, or the nearest name if there is no such file
    """
    assert kind in KINDS
    places = [folder / kind for folder in (*folders, conf_folder())]
    known = {path.stem: path for place in reversed(places) for path in place.glob("*.yaml")}
    if name not in known:
        hint = nearest(name, known) if known else "no preset exists there"
        raise PresetError(f"{kind} {name!r}: no such file in {_listed(places)}; {hint}")
    path = known[name]
    try:
        preset = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise PresetError(f"{path}: cannot be read ({_reason(error)})") from error
    if not isinstance(preset, dict) or not all(isinstance(key, str) for key in preset):
        raise PresetError(f"{path}: must be a mapping, with one `key: value` per line")
    return preset


def refuse_unknown(preset: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Refuse unknown keys; `where` names the preset in messages, such as "table trap"."""
    for key in preset:
        if key not in known:
            raise PresetError(f"{where}: unknown key {key!r}; {nearest(key, known)}")


def names(preset: Mapping[str, Any], key: str, where: str) -> list[str]:
    """Return the strings of a key, given as a list or as one; empty if the key is missing."""
    value = preset.get(key) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise PresetError(f"{where}: {key} must be a list of names, got {value!r}")
    return listed


def chosen(configs: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Names of the presets in `study.tables` or `study.figures` of some configs, in order."""
    found: dict[str, None] = {}
    for config in configs:
        study = config.get("study") or {}
        name = f"study {study.get('name')}"
        for preset in names(study, f"{kind}s", name):
            if not re.fullmatch(r"\w[\w.+-]*", preset):
                raise PresetError(
                    f"{name}: {kind}s must be file names without a folder, got {preset!r}"
                )
            found[preset] = None
    return list(found)


def _listed(places: Sequence[Path]) -> str:
    return " or ".join(dict.fromkeys(map(str, places)))


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())
