"""Source files of classes from outside the package: other code under one name shows."""

from __future__ import annotations

import hashlib
import inspect
import sysconfig
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from grokrfm.config.node import is_option, target_of
from grokrfm.paths import PACKAGE
from grokrfm.runs.settings import TARGET

INSTALLED = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]


def sources(node: Any, path: str = "") -> dict[str, str]:
    """Return the classes that a node names, and their bases, with the SHA-256 of their sources.

    Classes of this package are left out, and bases in installed packages.

    Parameters
    ----------
    path   dotted name of the node
    """
    found: dict[str, str] = {}
    if isinstance(node, Mapping):
        if is_option(node):
            found |= _of_target(node[TARGET], target_of(node, path))
        for key, value in node.items():
            found |= sources(value, f"{path}.{key}" if path else str(key))
    return dict(sorted(found.items()))


@cache
def _of_target(name: str, target: Any) -> Mapping[str, str]:
    return {
        key: hashlib.sha256(file.read_bytes()).hexdigest() for key, file in _files(name, target)
    }


def _files(name: str, target: Any) -> Iterator[tuple[str, Path]]:
    """Yield the class or function itself under its name, then its bases."""
    for one in inspect.getmro(target) if inspect.isclass(target) else [target]:
        path = getattr(inspect.getmodule(one), "__file__", None)
        file = Path(path) if path else PACKAGE
        is_foreign = any(file.is_relative_to(folder) for folder in INSTALLED)
        if not file.is_relative_to(PACKAGE) and not (is_foreign and one is not target):
            yield name if one is target else f"{one.__module__}.{one.__qualname__}", file
