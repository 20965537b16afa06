"""The help text: what conf/ says of itself, so that it is written once and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

GROUPS = ("task", "group", "split", "kernel", "rfm", "start", "probe", "hardware", "study")


def manual(conf: Path) -> str:
    """Every option of every group with its settings, defaults and the comments beside them."""
    lines: list[str] = []
    for group in GROUPS:
        for path in sorted((conf / group).glob("*.yaml")):
            lines += [*_option(path, f"{group}={path.stem}"), ""]
    lines += ["always", *_settings((conf / "config.yaml").read_text(encoding="utf-8"))]
    return "\n".join(lines)


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
    """The lines that set something a user may change, indented."""
    for block in text.split("\n\n"):
        if not block.lstrip().startswith(("#", "defaults:", "hydra:")):
            for line in block.splitlines():
                if not line.startswith(("_target_:", "name:")):
                    yield f"    {line}"
