"""The command `grokrfm-export`: the runs of studies in a tracker, or as CSV or Parquet files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from grokrfm.checks import GrokrfmError, described
from grokrfm.command import run_command
from grokrfm.runs import features, files
from grokrfm.runs.observer import Observer, replay
from grokrfm.runs.record import best_by_digest
from grokrfm.runs.store import Store, open_stores
from grokrfm.text import printable

if TYPE_CHECKING:  # each is imported where it is needed: pandas, numpy and Hydra are slow
    import pandas as pd

FRAMES = ("csv", "parquet")

PLACES = {"tensorboard": "folder", "mlflow": "uri"}
"""Tracker → its setting that --output gives."""


def main() -> None:
    """Entry point; a GrokrfmError is printed as a message, with exit code 1."""
    run_command(_export)


def _export() -> None:
    arguments = _parser().parse_args()
    stores = open_stores(arguments.studies)
    if arguments.to in FRAMES:
        lines = _write_frames(stores, arguments.to, arguments.output)
    else:
        lines = _track(stores, arguments.to, arguments.output, arguments.config_dir)
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _write_frames(stores: Sequence[Store], to: str, output: str | None) -> list[str]:
    """Write a file of all runs, and one of all observations."""
    from grokrfm.collect import runs, steps

    studies = [store.study for store in stores]
    folder = Path(output) if output else studies[0] / "export"
    if files.is_read_only(folder if folder.exists() else folder.parent):
        raise GrokrfmError(f"{folder} is read-only; name another folder with --output")
    lines = []
    for name, frame in (("runs", runs(studies)), ("steps", steps(studies))):
        path = folder / f"{name}.{to}"
        files.write_bytes(path, _encoded(frame, to))
        lines.append(f"{len(frame)} rows written to {path}")
    return lines


def _encoded(frame: pd.DataFrame, to: str) -> bytes:
    if to == "csv":
        from grokrfm.collect.formats.csv import frame_csv

        return frame_csv(frame).encode()
    from grokrfm.collect.formats.parquet import frame_parquet

    return frame_parquet(frame)


def _track(
    stores: Sequence[Store], to: str, output: str | None, folders: Sequence[Path]
) -> list[str]:
    """Give a tracker what it lacks of the latest attempts at all runs that have ended."""
    from grokrfm.config import preset

    if to == "none":
        raise GrokrfmError("--to none: nothing to do; choose a tracker, csv or parquet")
    if output is not None and to not in PLACES:
        raise GrokrfmError(f"--output does not apply to {to}; set it in the file of the tracker")
    place = {} if output is None else {PLACES[to]: output}
    lines = []
    for store in stores:
        tracker: Observer = preset("tracker", to, folders, **place)
        try:
            tracker.open(store.study)
            written, held = _replay(store, tracker)
        except GrokrfmError:
            raise
        except Exception as error:  # a server that is away, for example
            raise GrokrfmError(f"tracker {to}: {described(error)}") from error
        there = f", {held} were there already" if held else ""
        noun = "run" if written == 1 else "runs"
        lines.append(f"{store.study}: {written} {noun} written to {tracker.place or to}{there}")
    return lines


def _replay(store: Store, tracker: Observer) -> tuple[int, int]:
    """Observe ended runs again; returns how many, and how many the tracker held already."""
    ended = [one for one in best_by_digest(store.records()).values() if one.status != "running"]
    missing = {record.attempt: record for record in ended if not tracker.holds(record)}
    count = len(missing)

    def give(attempt: str, history: Mapping[str, Sequence[Any]]) -> None:
        record = missing.pop(attempt, None)
        if record:
            arrays = features.read(store.study, record.digest) if record.features else {}
            replay(replace(record, history=history), tracker, arrays)

    store.each_history(give, list(missing))
    for attempt in list(missing):  # of processes that died
        give(attempt, {})
    return count, len(ended) - count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grokrfm-export",
        description="The runs of one or more studies in a tracker, or as files: all that a tracker"
        " that was chosen with tracker=NAME would have been given. A run that is there already is"
        " not written twice.",
    )
    parser.add_argument("studies", nargs="+", metavar="STUDY", help="a folder such as outputs/demo")
    parser.add_argument(
        "--to",
        required=True,
        metavar="NAME",
        help="csv, parquet (a file of runs and one of observations), or an option of the group"
        " tracker: tensorboard, mlflow, wandb or one of your own",
    )
    parser.add_argument(
        "--output",
        metavar="PATH",
        help="folder (csv and parquet: export/, tensorboard: tensorboard/, both in the study), or"
        " URI of MLflow, as sqlite:///mlflow.db (default: MLflow's own)",
    )
    parser.add_argument(
        "--config-dir",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder with your own tracker/; repeatable",
    )
    return parser
