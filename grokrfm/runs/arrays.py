"""Named arrays in an .npz file that no reader ever meets half-written."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from grokrfm.checks import StoreError

ASIDE = ".tmp"


def write(target: Path, arrays: Mapping[str, np.ndarray], *, sole_writer: bool = True) -> None:
    """Write aside, flush to disk, rename.

    A sole writer also removes what processes that were killed left aside; where others may be
    writing the same file at this moment, theirs is not to be touched.

    Raises
    ------
    StoreError   if the disk is full or the folder cannot be written; `target` is then as it was
    """
    aside = target.with_suffix(f".{platform.node()}-{os.getpid()}{ASIDE}")
    named: dict[str, Any] = dict(arrays)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, allow_pickle=False, **named)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
        if sole_writer:
            remove_leftovers(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(f"{target}: cannot be written ({error.strerror or error})") from error


def remove_leftovers(target: Path) -> None:
    """Remove what processes that were killed left aside while they wrote this file."""
    for leftover in target.parent.glob(f"{target.stem}.*{ASIDE}"):
        leftover.unlink(missing_ok=True)


def read(source: Path) -> dict[str, np.ndarray]:
    """All arrays of a file, empty where there is none.

    Raises
    ------
    StoreError   if it is no such file
    """
    if not source.exists():
        return {}
    try:
        with np.load(source, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise StoreError(f"{source}: cannot be read ({error})") from error
