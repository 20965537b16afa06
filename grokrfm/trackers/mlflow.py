"""MLflow: an experiment per study, on a tracking server or in a local database."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any, ClassVar

import numpy as np

from grokrfm.runs.record import Record
from grokrfm.trackers.tracker import TrackedRun, Tracker
from grokrfm.trackers.values import (
    document,
    final,
    identity,
    last_iteration,
    parameters,
    picture,
    title,
)

DIGEST, ATTEMPT, STATUS = "grokrfm.digest", "grokrfm.attempt", "grokrfm.status"
"""Tags of a run."""

FLUSH_SECONDS = 5.0
"""Time between two calls of the server: one takes as long as many iterations."""

MOST_METRICS, MOST_PARAMETERS, LONGEST = 1000, 100, 5000
"""Limits of MLflow: numbers and parameters of a call, characters of a value."""

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""Environment variables for a server that does not answer; MLflow's own take many minutes."""

LOCAL = "sqlite:///"
"""Begin of the URI of a local database."""

STATUSES = {"finished": "FINISHED", "interrupted": "KILLED", "running": "RUNNING"}


class MLflow(Tracker):
    """Runs with numbers, matrices as images, settings as parameters, the record as an artifact.

    Parameters
    ----------
    uri : str or None          of the server or the database; None: as MLflow chooses it
    experiment : str or None   None: the name of the study
    """

    PACKAGE: ClassVar[str] = "mlflow"

    def __init__(self, uri: str | None, experiment: str | None) -> None:
        super().__init__()
        self._uri, self._experiment = uri, experiment

    def open(self, study: Path) -> None:
        import mlflow
        from mlflow.exceptions import MlflowException

        _set_patience()
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        uri, name = self._uri or mlflow.get_tracking_uri(), self._experiment or study.name
        self.place = f"{uri}, experiment {name}"
        with _opening(uri):
            self._client = mlflow.MlflowClient(tracking_uri=uri)
            if self._client.get_experiment_by_name(name) is None:
                with suppress(MlflowException):  # another worker was faster
                    self._client.create_experiment(name, _artifacts(uri, name))
            self._experiment_id = self._client.get_experiment_by_name(name).experiment_id

    def begin(self, record: Record) -> TrackedRun:
        _set_patience()
        for run in self._found(record):
            if record.resumed_at or run.data.tags.get(ATTEMPT) == record.attempt:
                return _Run(self._client, run, record)
            self._client.delete_run(run.info.run_id)
        created = self._client.create_run(
            self._experiment_id,
            start_time=round(1000 * record.started),
            tags={DIGEST: identity(record)},
            run_name=title(record),
        )
        return _Run(self._client, created, record)

    def holds(self, record: Record) -> bool:
        marks = {ATTEMPT: record.attempt, STATUS: record.status}
        return any(marks.items() <= run.data.tags.items() for run in self._found(record))

    def _found(self, record: Record) -> list[Any]:
        """Return the runs of a digest; one, unless two workers have begun it at once."""
        condition = f"tags.`{DIGEST}` = '{identity(record)}'"
        return list(self._client.search_runs([self._experiment_id], condition))


class _Run(TrackedRun):
    """Run of MLflow, to which numbers are sent in batches."""

    def __init__(self, client: Any, run: Any, record: Record) -> None:
        from mlflow.entities import Param

        self._client, self._id = client, run.info.run_id
        self._waiting: list[Any] = []
        self._sent = time.monotonic()
        histories = (client.get_metric_history(self._id, name) for name in run.data.metrics)
        steps = (metric.step for history in histories for metric in history)
        self.last = max(steps, default=-1)
        self._set_status(record)
        given = [
            Param(_key(name), str(value)[:LONGEST])
            for name, value in parameters(record).items()
            if _key(name) not in run.data.params  # MLflow refuses to change one
        ]
        for some in _parts(given, MOST_PARAMETERS):
            client.log_batch(self._id, params=some)

    def log(self, iteration: int, numbers: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        self._waiting += [Metric(_key(name), x, now, iteration) for name, x in numbers.items()]
        if time.monotonic() - self._sent > FLUSH_SECONDS:
            self._send()

    def log_matrix(self, k: int, matrix: np.ndarray) -> None:
        self._client.log_image(self._id, picture(matrix), key="M", step=k)

    def end(self, record: Record) -> None:
        self.log(last_iteration(record), final(record))
        self._send()
        self._client.log_dict(self._id, document(record), "record.json")
        self._set_status(record)

    def _send(self) -> None:
        _set_patience()
        for some in _parts(self._waiting, MOST_METRICS):
            self._client.log_batch(self._id, metrics=some)
        self._waiting, self._sent = [], time.monotonic()

    def _set_status(self, record: Record) -> None:
        """Set the status; the tags say which attempt it is, where it runs and why it failed."""
        from mlflow.entities import RunTag

        tags = {
            ATTEMPT: record.attempt,
            STATUS: record.status,
            **{f"grokrfm.{name}": record.provenance.get(name) for name in ("host", "device")},
            "grokrfm.error": (record.error or {}).get("message", ""),
        }
        written = [RunTag(name, str(value)[:LONGEST]) for name, value in tags.items()]
        self._client.log_batch(self._id, tags=written)
        status = STATUSES.get(record.status, "FAILED")
        if record.ended is None:
            self._client.update_run(self._id, status)
        else:
            self._client.set_terminated(self._id, status, end_time=round(1000 * record.ended))


def _key(name: str) -> str:
    """Return a name with the characters that MLflow accepts."""
    return re.sub(r"[^\w.:/ -]", "_", name)


def _parts(values: list[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]


def _artifacts(uri: str, experiment: str) -> str | None:
    """Return the folder of artifacts, beside a local database; None: as the server has it."""
    if not uri.startswith(LOCAL):
        return None
    return (Path(uri.removeprefix(LOCAL)).absolute().parent / "mlruns" / experiment).as_uri()


def _opening(uri: str) -> AbstractContextManager[Any]:
    """Return the lock under which a local database is opened: two workers cannot both make it."""
    if not uri.startswith(LOCAL):
        return nullcontext()
    from filelock import FileLock

    return FileLock(Path(gettempdir(), f"grokrfm-{sha256(uri.encode()).hexdigest()[:16]}.lock"))


def _set_patience() -> None:
    """Set the environment before a call: a run may have changed it."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
