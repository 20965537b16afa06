"""Command line that computes given settings again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import OmegaConf

from grokrfm.config.node import is_option
from grokrfm.config.studies import GROUP
from grokrfm.paths import conf_folder
from grokrfm.runs.settings import TARGET, Settings

OWN = Path("NAME.yaml")
"""In place of a primary config from outside the package."""

CONSTANTS = ("true", "false", "null", "nan", "inf")
"""Words that Hydra does not take for text."""


def command_line(settings: Settings) -> list[str]:
    """Return the arguments of `grokrfm` that compose settings; defaults are left out.

    Parameters
    ----------
    settings   of one run; those that are missing keep their defaults
    """
    files = sorted(conf_folder().glob("*.yaml"))
    primary = next((one for one in files if _file(one).get(TARGET) == settings.get(TARGET)), OWN)
    flags = [] if primary.stem == "config" else ["--config-name", primary.stem]
    base = conf_folder() / "base.yaml"
    chosen, plain = _defaults(base) | _defaults(primary), _file(base) | _file(primary)
    overrides: list[str] = []
    for key, node in settings.items():
        if is_option(node):
            overrides += _option(key, key, node, chosen.get(key))
        elif isinstance(chosen.get(key), list):
            overrides += _options(key, node, chosen[key])
        elif key == GROUP and node["name"] != chosen[key]:  # its file may choose any setting
            overrides.append(f"{key}.name={_written(node['name'])}")
        elif key != TARGET and key in plain and node != plain[key]:
            overrides.append(f"{key}={_written(node)}")
    return [*flags, *overrides]


def _option(group: str, path: str, node: Mapping[str, Any], default: Any) -> Iterator[str]:
    """Yield the choice of an option and of its parts, and what differs from its file."""
    name, place = str(node.get("name")), group if path == group else f"{group}@{path}"
    if name != default:
        yield f"{place}={name}"
    file = conf_folder() / group / f"{name}.yaml"
    parts = {key.rpartition("@")[2]: (key, one) for key, one in _defaults(file).items()}
    for key, value in node.items():
        if is_option(value):
            written, chosen = parts.get(key, (key, None))
            yield from _option(written.strip("/").partition("@")[0], f"{path}.{key}", value, chosen)
        elif key not in (TARGET, "name") and value != _file(file).get(key, ...):
            yield f"{path}.{key}={_written(value)}"


def _options(group: str, nodes: Mapping[str, Any], default: list[str]) -> Iterator[str]:
    """Yield the choice of several options of a group, such as the probes."""
    names = [str(node.get("name")) for node in nodes.values()]
    if names != default:
        yield f"{group}={_written(names)}"
    for key, node in nodes.items():
        yield from _option(group, f"{group}.{key}", node, str(node.get("name")))


@cache
def _file(path: Path) -> dict[str, Any]:
    node = OmegaConf.to_container(OmegaConf.load(path)) if path.is_file() else {}
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items()}


def _defaults(path: Path) -> dict[str, Any]:
    """Return group → option of the defaults list of a config."""
    entries = _file(path).get("defaults", [])
    return {k: v for entry in entries if isinstance(entry, dict) for k, v in entry.items()}


def _written(value: Any) -> str:
    """Return a value in Hydra's grammar."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str):
        is_plain = re.fullmatch(r"[A-Za-z_][\w./-]*", value) and value.lower() not in CONSTANTS
        return value if is_plain else QuotedString(value, Quote.double).with_quotes()
    return json.dumps(value)
