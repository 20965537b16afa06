"""Tables and figures that a study is for, as YAML: conf/table/NAME.yaml, conf/figure/NAME.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.paths import conf_folder

KINDS = ("table", "figure")


class PresetError(GrokrfmError):
    """A preset cannot be found or read, or holds what it cannot."""


def load(kind: str, name: str, folders: Sequence[Path] = ()) -> dict[str, Any]:
    """The keys of a preset.

    Parameters
    ----------
    kind      table or figure
    name      of the file without .yaml
    folders   to look in before the conf folder of grokrfm; laid out as that is

    Raises
    ------
    PresetError   naming the file, or the nearest name where there is none
    """
    assert kind in KINDS
    places = [folder / kind for folder in (*folders, conf_folder())]
    known = {path.stem: path for place in reversed(places) for path in place.glob("*.yaml")}
    if name not in known:
        hint = nearest(name, known) if known else "there is none"
        raise PresetError(f"{kind} {name!r}: no such file in {_listed(places)}; {hint}")
    path = known[name]
    try:
        preset = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise PresetError(f"{path}: cannot be read ({_reason(error)})") from error
    if not isinstance(preset, dict) or not all(isinstance(key, str) for key in preset):
        raise PresetError(f"{path}: must be a list of settings, each `key: value`")
    return preset


def refuse_unknown(preset: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Refuse keys that mean nothing; `where` says what is read, such as "table trap"."""
    for key in preset:
        if key not in known:
            raise PresetError(f"{where}: there is no key {key!r}; {nearest(key, known)}")


def names(preset: Mapping[str, Any], key: str, where: str) -> list[str]:
    """The value of a key that is a list of texts, or one; empty where the key is missing."""
    value = preset.get(key) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise PresetError(f"{where}: {key} must be a list of names, got {value!r}")
    return listed


def chosen(configs: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """The names of the presets that studies ask for, by the configs of their runs, in order.

    Every config holds `study.tables` and `study.figures`, if the study has any.
    """
    found: dict[str, None] = {}
    for config in configs:
        study = config.get("study") or {}
        name = f"study {study.get('name')}"
        for preset in names(study, f"{kind}s", name):
            if not re.fullmatch(r"\w[\w.+-]*", preset):
                raise PresetError(f"{name}: {kind}s must be plain file names, got {preset!r}")
            found[preset] = None
    return list(found)


def _listed(places: Sequence[Path]) -> str:
    return " or ".join(dict.fromkeys(map(str, places)))


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())
