"""Timing, and tables of rows that are each measured in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

Row = dict[str, object]
Tables = Mapping[str, tuple[Callable[..., Row], Sequence[Sequence[object]]]]


def seconds(function: Callable[[], object]) -> float:
    """Wall time of a call, including its work on a GPU."""
    started = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def ratio(pairs: Sequence[tuple[float, float]], first: str, second: str) -> Row:
    """Medians of two times measured alternately, and the median and range of their ratios."""
    times = np.array(pairs)
    ratios = times[:, 0] / times[:, 1]
    medians = np.median(times, axis=0)
    return {
        f"{first} [s]": float(f"{medians[0]:.3g}"),
        f"{second} [s]": float(f"{medians[1]:.3g}"),
        "ratio": round(float(np.median(ratios)), 2),
        "min-max": f"{ratios.min():.2f}-{ratios.max():.2f}",
    }


def in_fresh_process(measure: Callable[..., Row], arguments: Sequence[object]) -> Row:
    """Measure a row in a fresh process."""
    row = json.dumps([measure.__module__, measure.__name__, *arguments])
    command = [sys.executable, "-m", "grokrfm.bench", "--row", row]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{row}: {done.stderr}")
    measured: Row = json.loads(done.stdout)
    return measured
