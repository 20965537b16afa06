"""Named arrays in .npz files, never pickled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokrfm.checks import StoreError
from grokrfm.runs.files import remove_leftovers, write_aside

if TYPE_CHECKING:  # commands that read a study must not wait for numpy
    import numpy as np


def write(target: Path, arrays: Mapping[str, np.ndarray], *, sole_writer: bool = True) -> None:
    """Write a file of arrays.

    A sole writer also removes temporary files of killed processes. If other processes may write
    the same file at this moment, their temporary files must stay.

    Raises
    ------
    StoreError   if the disk is full or the folder cannot be written; `target` is then as it was
    """
    import numpy as np

    named: dict[str, Any] = dict(arrays)
    write_aside(target, lambda file: np.savez(file, allow_pickle=False, **named))
    if sole_writer:
        remove_leftovers(target)


def read(source: Path, needed: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Return all arrays of a file; none where there is no file, or one that is needed is absent.

    Raises
    ------
    StoreError   if the file holds something else
    """
    import numpy as np

    if not source.exists():
        return {}
    if not source.is_file():  # a FIFO would block
        raise StoreError(f"{source}: cannot be read (it is no regular file)")
    try:
        with np.load(source, allow_pickle=False) as arrays:
            known = set(needed) <= set(arrays.files)
            return {name: arrays[name] for name in arrays.files} if known else {}
    except Exception as error:  # numpy and zipfile raise errors of many kinds for damaged bytes
        raise StoreError(f"{source}: cannot be read ({error})") from error
