"""The help text: comments and defaults of conf/, written there and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import yaml

FRAME = "hydra/help/grokrfm.yaml"
"""File with the header and the footer of the help."""

OVERRIDE = "override "
NOT_OF_A_LEARNER = {"defaults", "hydra", "study", "name", "tables", "figures"}
"""Keys that a study may have whatever learner it is for."""


def manual(folders: Sequence[Path], primary: str) -> str:
    """Return the help text of a primary config: all options of its groups, settings and comments.

    Hydra's own help composes the config and lists all groups twice, which takes two seconds.

    Parameters
    ----------
    folders         searched for configs; an option hides those of its name in later folders
    primary : str   name of the config, such as config
    """
    frame = _parsed(_text(folders, FRAME))
    footer = frame["footer"].replace("$$", "$")  # escaped for Hydra
    return "\n".join([frame["header"], *_options(folders, primary), "", footer])


def _options(folders: Sequence[Path], primary: str) -> list[str]:
    """Return the lines on all options of the groups of a primary config."""
    sources = [_text(folders, f"{name}.yaml") for name in (primary, "base")]
    groups = [group for text in sources for group in _groups(text)]
    settings = {key for text in sources for key in _keys(text)}
    lines = [] if primary == "config" else [*_titled(f"--config-name {primary}", sources[0]), ""]
    for group in groups:  # options may nest others, such as the group of a task
        options = (path for folder in reversed(folders) for path in (folder / group).glob("*.yaml"))
        found = {path.name: path for path in options}
        for path in (found[name] for name in sorted(found)):
            text = path.read_text(encoding="utf-8")
            if group == "study" and not set(_chosen(text)) <= {*groups, *settings}:
                continue  # it is for another learner
            lines += [*_option(path, f"{group}={path.stem}"), ""]
            groups += [nested for nested in _groups(text) if nested not in groups]
    lines.append("always")
    for text in sources:
        lines += _settings(text)
    return lines


def _text(folders: Sequence[Path], name: str) -> str:
    """Return the text of a file in the first folder that has it."""
    found = (folder / name for folder in folders if (folder / name).is_file())
    path = next(found, None)
    return path.read_text(encoding="utf-8") if path else ""


def _groups(text: str) -> Iterator[str]:
    """Yield the groups of a defaults list."""
    for group in _defaults(text):
        if " " not in group:
            yield group


def _chosen(text: str) -> Iterator[str]:
    """Yield the groups and the settings at the root that a study chooses or sweeps over."""
    for group in _defaults(text):
        if group.startswith(OVERRIDE) and "hydra/" not in group:
            yield group.removeprefix(OVERRIDE).strip("/")
    swept = _parsed(text).get("hydra", {}).get("sweeper", {}).get("params", {})
    for name in [*_keys(text), *swept]:
        if (root := name.partition(".")[0].partition("@")[0]) not in NOT_OF_A_LEARNER:
            yield root


def _keys(text: str) -> Iterator[str]:
    yield from _parsed(text)


def _defaults(text: str) -> Iterator[str]:
    for entry in _parsed(text).get("defaults", ()):
        for group in entry if isinstance(entry, dict) else ():
            yield group.strip("/").partition("@")[0]


def _option(path: Path, title: str) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    yield from _titled(title, text)
    if path.parent.name != "study":
        yield from _settings("\n".join(dropwhile(_is_comment, text.splitlines())))


def _titled(title: str, text: str) -> Iterator[str]:
    """Yield a title beside the comment that a file begins with."""
    head = [line.removeprefix("# ") for line in takewhile(_is_comment, text.splitlines())]
    about = [line for line in head if not line.startswith("@package ")]
    yield f"{title:27} {about[0] if about else ''}"
    yield from (f"{'':28}{line}" for line in about[1:])


@cache
def _parsed(text: str) -> Mapping[str, Any]:
    found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    return {str(key): value for key, value in found.items()}


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def _settings(text: str) -> Iterator[str]:
    """Yield the lines that set something a user may change, indented."""
    for block in text.split("\n\n"):
        if not block.lstrip().startswith(("#", "defaults:", "hydra:")):
            for line in block.splitlines():
                if not line.startswith(("_target_:", "name:")):
                    yield f"    {line}"
