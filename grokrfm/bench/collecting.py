"""Time to read studies of thousands of runs and to make a table of them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grokrfm.bench.measure import Row, Tables
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.record import Names, Record
from grokrfm.runs.spec import Spec
from grokrfm.runs.store import Store

BIN = Path(sys.executable).parent
CELLS = 50  # of a study: 10 bandwidths x 5 ridges

# Run in a small process, which counts the memory of the command alone.
MEASURE = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6]))
"""

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
        study = _written(Path(folder), runs, iterations, writers)
        command = [sys.executable, "-c", READ, str(study), str(runs), str(iterations)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        size = _bytes(study)
    names = ("import [s]", "runs [s]", "steps [s]", "table [s]")
    row = {"runs": runs, "iterations": iterations, "MB": round(size / 1e6)}
    return {**row, **dict(zip(names, json.loads(done.stdout), strict=True))}


def commands(runs: int, iterations: int, writers: int) -> Row:
    """Measure time and peak memory of the commands that read a study, as a user calls them."""
    with tempfile.TemporaryDirectory() as folder:
        study = _written(Path(folder), runs, iterations, writers)
        row = {"runs": runs, "iterations": iterations, "MB": round(_bytes(study) / 1e6)}
        sweep = [
            *("-m", *_settings(iterations), "study=study", f"outputs={study.parent}"),
            *("kernel.bandwidth=range(1,11)", "rfm.ridge=1,0.1,0.01,0.001,0.0001"),
            f"seed=range(0,{runs // CELLS})",
        ]
        for name, command in {
            "status": ["grokrfm-status", str(study)],
            "relaunch": ["grokrfm", *sweep],
            "report": ["grokrfm-report", str(study)],
        }.items():
            seconds, memory = json.loads(_python(MEASURE, BIN / command[0], *command[1:]))
            row |= {f"{name} [s]": round(seconds, 1), f"{name} [GB]": round(memory, 2)}
        if len(Store(study).records()) != runs:
            raise RuntimeError("the relaunch has computed runs again")
        page = (study / "report.html").stat().st_size
    return {**row, "page [MB]": round(page / 1e6, 1)}


def _python(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _bytes(study: Path) -> int:
    return sum(path.stat().st_size for path in study.rglob("*.jsonl"))


def _settings(iterations: int) -> list[str]:
    return ["task.modulus=5", f"rfm.iterations={iterations}", "hardware.threads=1"]


def _written(folder: Path, runs: int, iterations: int, writers: int) -> Path:
    """Write a study of copies of one computed run; return its folder."""
    study = folder / "outputs" / "study"
    _write(study, *_computed(folder, iterations), runs, writers)
    return study


def _computed(folder: Path, iterations: int) -> tuple[Record, dict[str, list[Any]]]:
    """Compute a run; return its record and its history."""
    command = [str(BIN / "grokrfm"), *_settings(iterations), "study=real"]
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
    names = asdict(record.names)
    if _digest(record.config, record.names) != record.digest:
        raise RuntimeError("the digests of these copies are not those of grokrfm")
    for number in range(runs):
        config = {
            **record.config,
            "kernel": {**record.config["kernel"], "bandwidth": float(number % 10 + 1)},
            "rfm": {**record.config["rfm"], "ridge": 10.0 ** -(number // 10 % 5)},
            "seed": number // CELLS,
        }
        accuracy = [draw.random() for _ in history["iteration"]]
        store = stores[number % writers]
        attempt = store.start(
            digest=_digest(config, record.names),
            started=record.started + number,
            config=config,
            facts=record.facts,
            cost=record.cost,
            provenance=record.provenance,
            names=names,
        )
        store.end(
            attempt,
            {**history, "test_accuracy": accuracy, "test_loss": accuracy},
            status="finished",
            ended=record.started + number + 1,
            metrics={**record.metrics, "test_accuracy": accuracy[-1]},
            features=[],
        )


def _digest(config: Mapping[str, Any], names: Names) -> str:
    """Digest of a run, from the names of its scientific settings."""
    science = {key: config[key] for key in ("_target_", *names.scientific)}
    for group, name in (setting.split(".") for setting in names.plumbing):
        science[group] = {key: part for key, part in science[group].items() if key != name}
    return Spec(science, {}, FeatureSelection("none")).digest


TABLES: Tables = {
    "collecting a study (bounds: runs of 5,000 x 60 in 2 s, steps in 5 s)": (
        reading,
        [[500, 60, 16], [5000, 60, 16]],
    ),
}
LARGE: Tables = {
    "commands on a large study (bounds: status in 2 s, a relaunch that computes nothing in 10 s,"
    " the report in 30 s; 2 GB each; a page of 5 MB)": (commands, [[100_000, 60, 16]]),
}
