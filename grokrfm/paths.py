"""Paths of the files of this package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def conf_folder() -> Path:
    """Return the folder of YAML files: inside the package in a wheel, beside it in a checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"
