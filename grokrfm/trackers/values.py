"""Parts of a Record in the form that tracking programs take."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from typing import Any

import msgspec
import numpy as np

from grokrfm.runs.record import Record
from grokrfm.runs.settings import dotted

ITERATION = "iteration"


def finite(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers among values, without the iteration."""
    return {
        name: float(value)
        for name, value in numbers.items()
        if name != ITERATION and isinstance(value, (int, float)) and math.isfinite(value)
    }


def observations(history: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the iteration and the finite numbers of every observation in a history."""
    for place, iteration in enumerate(history.get(ITERATION, ())):
        yield iteration, finite({name: values[place] for name, values in history.items()})


def last_iteration(record: Record) -> int:
    """Return the iteration of the last observation."""
    return max(0, int(record.metrics.get("updates", 0)) - 1)


def parameters(record: Record) -> dict[str, bool | int | float | str]:
    """Return every setting with its dotted name; lists and null as their JSON text."""
    return {
        name: value if isinstance(value, (bool, int, float, str)) else json.dumps(value)
        for name, value in dotted(record.config)
    }


def identity(record: Record) -> str:
    """Return the digest of a run; a study from somebody else may have any text in its place."""
    is_digest = re.fullmatch(r"[0-9a-f]{16}", record.digest)
    return record.digest if is_digest else sha256(record.digest.encode()).hexdigest()[:16]


def final(record: Record) -> dict[str, float]:
    """Return the finite numbers of a whole run that has ended, those of its history left out."""
    if record.status not in ("finished", "failed"):  # others may continue
        return {}
    numbers = {**record.metrics, "wall_seconds": record.seconds}
    return finite({name: x for name, x in numbers.items() if name not in record.history})


def title(record: Record) -> str:
    """Return a run in one line."""
    seed = f", seed {record.config['seed']}" if "seed" in record.names.scientific else ""
    return f"{record.facts['title']}{seed}"


def document(record: Record) -> dict[str, Any]:
    """Return a record without its history, as nested plain values."""
    plain = msgspec.to_builtins(record)
    return {name: value for name, value in plain.items() if name != "history"}


def picture(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix as an image, (d, d, 3) bytes: blue below 0, white, red above."""
    from matplotlib import colormaps  # slow to import, and often not needed

    scale = np.abs(matrix).max(initial=0) or 1.0
    return colormaps["RdBu_r"](0.5 + 0.5 * matrix / scale, bytes=True)[:, :, :3]


def png(image: np.ndarray) -> bytes:
    """Return an image as the bytes of a PNG file."""
    from PIL import Image

    written = BytesIO()
    Image.fromarray(image).save(written, "PNG")
    return written.getvalue()
