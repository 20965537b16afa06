"""The help text: comments and defaults of conf/, written there and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml


def manual(conf: Path, primary: str) -> str:
    """Return all options of the groups of a primary config, with their settings and comments.

    Parameters
    ----------
    primary : str   name of the config, such as config
    """
    sources = [_text(conf / f"{name}.yaml") for name in (primary, "base")]
    groups = [group for text in sources for group in _groups(text)]
    lines: list[str] = []
    for group in groups:  # options may nest others, such as the group of a task
        for path in sorted((conf / group).glob("*.yaml")):
            lines += [*_option(path, f"{group}={path.stem}"), ""]
            groups += [nested for nested in _groups(_text(path)) if nested not in groups]
    lines.append("always")
    for text in sources:
        lines += _settings(text)
    return "\n".join(lines)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _groups(text: str) -> Iterator[str]:
    """Yield the groups of a defaults list."""
    for entry in (yaml.safe_load(text) or {}).get("defaults", ()):
        for group in entry if isinstance(entry, dict) else ():
            if " " not in group:  # not an override
                yield group.strip("/").partition("@")[0]


def _option(path: Path, title: str) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    about, _, rest = text.removeprefix("# @package ").partition("\n")
    if text.startswith("# @package "):
        about, _, rest = rest.partition("\n")
    head = [about]
    while rest.startswith("#"):
        line, _, rest = rest.partition("\n")
        head.append(line)
    yield f"{title:27} {head[0].removeprefix('# ')}"
    for line in head[1:]:
        yield f"{'':28}{line.removeprefix('# ')}"
    if path.parent.name != "study":
        yield from _settings(rest)


def _settings(text: str) -> Iterator[str]:
    """Yield the lines that set something a user may change, indented."""
    for block in text.split("\n\n"):
        if not block.lstrip().startswith(("#", "defaults:", "hydra:")):
            for line in block.splitlines():
                if not line.startswith(("_target_:", "name:")):
                    yield f"    {line}"
