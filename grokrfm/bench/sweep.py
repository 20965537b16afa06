"""Overhead of a sweep, compared with Hydra's basic launcher."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from grokrfm.bench.measure import Row, Tables
from grokrfm.runs.store import Store

TRIVIAL = ("task.modulus=5", "rfm.iterations=2", "hardware.threads=1")
ONE_SECOND = ("task.modulus=41", "rfm.iterations=12", "hardware.threads=1")
GROKRFM = str(Path(sys.executable).with_name("grokrfm"))


def trivial(runs: int, basic_runs: int) -> Row:
    """Measure the time to the first run and per run for many trivial runs.

    The time of Hydra's sweeper before its first run is proportional to the number of runs; it is
    measured on `basic_runs` and scaled to `runs`.
    """
    ours, ours_first, study = _sweep(runs, ())
    again, _, _ = _sweep(runs, (), study)
    plain = ("hydra/launcher=basic", "hydra/sweeper=basic")
    theirs, theirs_first, other = _sweep(basic_runs, plain)
    before = (theirs_first - _start_seconds()) / basic_runs * runs
    arithmetic = float(np.median([r.seconds or 0 for r in Store(other).records()]))
    slots = len(os.sched_getaffinity(0))
    overhead = [
        (ours - ours_first) * slots / runs - arithmetic,
        theirs / basic_runs - arithmetic,
    ]
    return {
        "runs": runs,
        "first run [s]": round(ours_first, 1),
        "Hydra's first [s]": round(before, 1),
        "times sooner": round(before / ours_first, 1),
        "overhead per run [ms]": round(1e3 * overhead[0], 1),
        "Hydra's [ms]": round(1e3 * overhead[1], 1),
        "times less": round(overhead[1] / overhead[0], 1),
        "files": sum(path.is_file() for path in study.rglob("*")),
        "again, 0 runs [s]": round(again, 1),
    }


def ideal_rate(runs: int, slots: int) -> Row:
    """Measure how well runs of about a second fill their slots."""
    whole, _, study = _sweep(runs, (f"hardware.slots={slots}",), settings=ONE_SECOND)
    records = Store(study).records()
    busy = sum(record.seconds or 0 for record in records)
    elapsed = max(r.ended or 0 for r in records) - min(r.started for r in records)
    return {
        "runs": runs,
        "slots": slots,
        "per run [s]": round(busy / runs, 2),
        "whole [s]": round(whole, 1),
        "of the ideal rate": round(busy / (slots * elapsed), 3),
    }


def driver_memory(runs: int) -> Row:
    """Measure the peak memory and time of the process that plans the runs (a dry run)."""
    with tempfile.TemporaryDirectory() as folder:
        command = [GROKRFM, "-m", *TRIVIAL, f"seed=range(0,{runs})", "dry_run=true", "study=dry"]
        started = time.monotonic()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    return {"runs": runs, "s": round(time.monotonic() - started, 1), "peak [GB]": round(peak, 2)}


def _sweep(
    runs: int, more: tuple[str, ...], study: Path | None = None, settings: Any = TRIVIAL
) -> tuple[float, float, Path]:
    """Run a sweep; return its wall time, the time to its first start, and its folder."""
    folder = study or Path(tempfile.mkdtemp()) / "outputs" / "bench"
    command = [GROKRFM, "-m", *settings, *more, f"seed=range(0,{runs})", "study=bench"]
    began, wall = time.monotonic(), time.time()
    where = [f"outputs={folder.parent}"]
    subprocess.run([*command, *where], check=True, stdout=subprocess.DEVNULL)
    whole = time.monotonic() - began
    first = min(record.started for record in Store(folder).records()) - wall
    return whole, first, folder


def _start_seconds() -> float:
    """Time that the command needs before it reads any run."""
    began = time.monotonic()
    command = [GROKRFM, "--cfg", "job"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


TABLES: Tables = {
    "5,000 trivial runs: first run at least 20 times sooner than Hydra's or within 15 s; overhead"
    " at least 5 times less; again within 10 s": (trivial, [[5000, 60]]),
    "memory of the driver: at most 1 GB": (driver_memory, [[50_000]]),
}
LARGE: Tables = {"runs of about a second: at least 0.9 of the ideal rate": (ideal_rate, [[200, 2]])}
