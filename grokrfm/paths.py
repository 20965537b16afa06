"""Paths of the files of this package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent


def conf_folder() -> Path:
    """Return the folder of YAML files: inside the package in a wheel, beside it in a checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def import_from(folders: Iterable[Path]) -> None:
    """Let modules in some folders be imported here and in processes that this one starts."""
    for folder in (str(path.absolute()) for path in folders if path.is_dir()):
        if folder not in sys.path:
            sys.path.append(folder)
            known = os.environ.get("PYTHONPATH")
            os.environ["PYTHONPATH"] = f"{known}{os.pathsep}{folder}" if known else folder


@cache
def package_of(group: str) -> str | None:
    """Return the place in the config of the options of a group, if conf/ gives them one.

    It is the word behind # @package, such as _global_ for studies, with {} for the option's name.
    """
    for path in sorted((conf_folder() / group).glob("*.yaml")):
        with path.open(encoding="utf-8") as file:
            mark, _, place = file.readline().strip().partition("# @package ")
        if place and not mark:
            return place.replace(f".{path.stem}", ".{}")
    return None


class ConfFinder(MetaPathFinder):
    """Finder of the package grokrfm.conf in a checkout, where its folder is beside grokrfm."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != "grokrfm.conf":
            return None
        return spec_from_file_location(name, conf_folder() / "__init__.py")
