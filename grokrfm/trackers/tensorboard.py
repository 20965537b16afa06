"""TensorBoard: event files, a folder per run."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml

from grokrfm.runs import files
from grokrfm.runs.record import Record
from grokrfm.trackers.tracker import TrackedRun, Tracker
from grokrfm.trackers.values import (
    document,
    final,
    identity,
    last_iteration,
    parameters,
    picture,
    png,
    title,
)

MARK = "run.json"
"""File in the folder of a run that says which attempt it holds, and its status."""


class TensorBoard(Tracker):
    """Event files with numbers, matrices as images, settings as hyperparameters.

    Parameters
    ----------
    folder : str or None   with one folder per run; None: tensorboard/ in the study
    """

    PACKAGE: ClassVar[str] = "tensorboard"

    def __init__(self, folder: str | None) -> None:
        super().__init__()
        self._folder = Path(folder).absolute() if folder is not None else None

    def open(self, study: Path) -> None:
        import tensorboard.summary.writer.event_file_writer  # noqa: F401

        self._folder = self._folder or study / "tensorboard"
        self.place = str(self._folder)

    def begin(self, record: Record) -> TrackedRun:
        folder = self._folder_of(record)
        mark = _mark(folder)
        has_no_end = mark.get("status") in ("running", "interrupted")  # TensorBoard reads the first
        continues = has_no_end and (record.resumed_at > 0 or mark["attempt"] == record.attempt)
        if not continues:
            shutil.rmtree(folder, ignore_errors=True)
        return _Run(folder, record, continues)

    def holds(self, record: Record) -> bool:
        mark = {"attempt": record.attempt, "status": record.status}
        return _mark(self._folder_of(record)) == mark

    def _folder_of(self, record: Record) -> Path:
        """Return the folder of a run: the one that has its digest, under any title."""
        assert self._folder is not None
        found = sorted(self._folder.glob(f"*{identity(record)}"))
        name = re.sub(r"[^\w.=+-]+", "_", title(record))
        return found[0] if found else self._folder / f"{name:.150}_{identity(record)}"


class _Run(TrackedRun):
    """Folder of a run, into which this object writes one event file."""

    def __init__(self, folder: Path, record: Record, continues: bool) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._folder, self._record = folder, record
        self._writer = EventFileWriter(str(folder))
        _write_mark(folder, record)
        self.last = record.resumed_at - 1 if continues else -1
        self._must_restart = continues
        if not continues:
            self._add_settings()

    def log(self, iteration: int, numbers: Mapping[str, float]) -> None:
        if self._must_restart:  # only now: an attempt that crashed has no numbers to export
            self._restart()
        self._add_scalars(iteration, numbers)

    def log_matrix(self, k: int, matrix: np.ndarray) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        height, width = matrix.shape
        image = Summary.Image(
            height=height,
            width=width,
            colorspace=3,
            encoded_image_string=png(picture(matrix)),
        )
        self._add(k, Summary(value=[Summary.Value(tag="M", image=image)]))

    def end(self, record: Record) -> None:
        step = last_iteration(record)
        self._add_scalars(step, {f"final/{name}": x for name, x in final(record).items()})
        if record.error:
            self._add_text(step, "error", "\n".join(record.error.values()))
        if record.status != "interrupted":
            self._add_end(step, record)
        self._writer.close()
        _write_mark(self._folder, record)

    def _add_end(self, step: int, record: Record) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        is_finished = record.status == "finished"
        code = api_pb2.STATUS_SUCCESS if is_finished else api_pb2.STATUS_FAILURE
        ended = plugin_data_pb2.SessionEndInfo(status=code, end_time_secs=record.ended)
        held = plugin_data_pb2.HParamsPluginData(session_end_info=ended)
        value = Summary.Value(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=metadata.create_summary_metadata(held),
            tensor=metadata.NULL_TENSOR,
        )
        self._add(step, Summary(value=[value]))

    def _restart(self) -> None:
        """Let readers drop what earlier files hold after `last`: it comes again."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self._must_restart = False
        start = SessionLog(status=SessionLog.START)
        self._writer.add_event(Event(wall_time=time.time(), step=self.last + 1, session_log=start))
        if self.last < 0:
            self._add_settings()

    def _add_settings(self) -> None:
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        record = self._record
        self._add(0, hparams_pb(parameters(record), record.digest, record.started))
        self._add_text(0, "settings", yaml.safe_dump(document(record)["config"]))

    def _add_scalars(self, step: int, numbers: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=x) for name, x in numbers.items()]
        self._add(step, Summary(value=values))

    def _add(self, step: int, summary: Any) -> None:
        """Write a summary so that it outlives this process."""
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        self._writer.flush()

    def _add_text(self, step: int, tag: str, text: str) -> None:
        from tensorboard.plugins.text.summary_v2 import text_pb

        indented = "\n".join(f"    {line}" for line in text.splitlines())  # as code in Markdown
        self._add(step, text_pb(tag, indented))


def _mark(folder: Path) -> dict[str, str]:
    """Return the attempt that a folder holds, and its status; nothing if there is none."""
    try:
        return dict(json.loads(files.read_bytes(folder / MARK)))
    except (OSError, ValueError):
        return {}


def _write_mark(folder: Path, record: Record) -> None:
    mark = {"attempt": record.attempt, "status": record.status}
    files.write_text(folder / MARK, json.dumps(mark))
