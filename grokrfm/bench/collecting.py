"""Time to read studies of thousands of runs and to make a table of them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from grokrfm.bench.measure import Row, Tables
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store

RUN = "from grokrfm.cli import main; main()"

# Run in a separate process with the imports of a user's script, which must not need torch.
READ = """
import json, sys, time
def timed(function, *arguments):
    started = time.perf_counter()
    result = function(*arguments)
    times.append(round(time.perf_counter() - started, 2))
    return result
times, study = [], sys.argv[1]
collect = timed(lambda: __import__("grokrfm.collect").collect)
runs = timed(collect.runs, study)
steps = timed(collect.steps, study)
table = timed(collect.table, runs, ["kernel.bandwidth"], ["rfm.ridge"], ["test_accuracy"])
assert "torch" not in sys.modules
assert (len(runs), len(steps)) == (int(sys.argv[2]), int(sys.argv[2]) * int(sys.argv[3]))
print(json.dumps(times))
"""


def reading(runs: int, iterations: int, writers: int) -> Row:
    """Measure the seconds to read a study that several workers have written."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        record, history = _computed(Path(folder), iterations)
        _write(study, record, history, runs, writers)
        command = [sys.executable, "-c", READ, str(study), str(runs), str(iterations)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        size = sum(path.stat().st_size for path in (study / "segments").iterdir())
    names = ("import [s]", "runs [s]", "steps [s]", "table [s]")
    row = {"runs": runs, "iterations": iterations, "MB": round(size / 1e6)}
    return {**row, **dict(zip(names, json.loads(done.stdout), strict=True))}


def _computed(folder: Path, iterations: int) -> tuple[Record, dict[str, list[Any]]]:
    """Compute a run; return its record and its history."""
    settings = ["task.modulus=5", f"rfm.iterations={iterations}", "hardware.threads=1"]
    command = [sys.executable, "-c", RUN, *settings, "study=real"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    store = Store(folder / "outputs" / "real")
    [record] = store.records()
    return record, store.histories()[record.attempt]


def _write(
    study: Path, record: Record, history: dict[str, list[Any]], runs: int, writers: int
) -> None:
    """Write a study of copies of a run: 10 bandwidths × 5 ridges × seeds, with random numbers."""
    draw = random.Random(0)
    stores = [Store(study) for _ in range(writers)]
    for number in range(runs):
        config = {
            **record.config,
            "kernel": {**record.config["kernel"], "bandwidth": float(number % 10)},
            "rfm": {**record.config["rfm"], "ridge": 10.0 ** -(number // 10 % 5)},
            "seed": number // 50,
        }
        accuracy = [draw.random() for _ in history["iteration"]]
        store = stores[number % writers]
        attempt = store.start(
            digest=f"{number:012x}",
            started=record.started + number,
            config=config,
            facts=record.facts,
            provenance=record.provenance,
        )
        store.end(
            attempt,
            {**history, "test_accuracy": accuracy, "test_loss": accuracy},
            status="finished",
            ended=record.started + number + 1,
            metrics={**record.metrics, "test_accuracy": accuracy[-1]},
            features=[],
        )


TABLES: Tables = {
    "collecting a study (bounds: runs of 5,000 x 60 in 2 s, steps in 5 s)": (
        reading,
        [[500, 60, 16], [5000, 60, 16]],
    ),
}
