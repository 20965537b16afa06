"""Where the files of this package are."""

from __future__ import annotations

from pathlib import Path


def conf_folder() -> Path:
    """The folder of YAML files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"
