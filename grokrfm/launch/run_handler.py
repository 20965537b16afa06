"""Handler of the runs of a study: the work of a worker process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokrfm.checks import StoreError
from grokrfm.launch.worker import Stopped
from grokrfm.runs.store import Store

if TYPE_CHECKING:  # the pool, which pickles the handler, must not wait for torch
    from grokrfm.runs.learner import Observation, Run


class RunHandler:
    """Computes the runs of a batch; returns the type of each run's error."""

    def __init__(self, study: Path, device: str, threads: int) -> None:
        self._study, self._device, self._threads = study, device, threads

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Import what runs need, so that the time limit of the first run does not count it."""
        import torch  # noqa: F401

        import grokrfm.config  # noqa: F401

        self.__dict__.update(state)

    def __call__(
        self, runs: Sequence[tuple[str, Mapping[str, Any]]], stop_requested: threading.Event
    ) -> list[str | None]:
        import torch

        from grokrfm.config import build_run
        from grokrfm.runs.hardware import Hardware
        from grokrfm.runs.run import execute_batch

        built = []
        for digest, settings in runs:
            run = build_run(settings)
            if run.spec.digest != digest:
                raise StoreError("a file that the run reads has changed since it was planned")
            built.append(run)
        hardware = Hardware(self._device, self._threads)
        watcher = _StopWatcher(stop_requested)
        records = execute_batch(built, self._store, hardware, watcher, interruption=Stopped)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # free memory for other processes on the device
        return [record.error["type"] if record.error else None for record in records]

    @cached_property
    def _store(self) -> Store:
        return Store(self._study)


class _StopWatcher:
    """Observer that stops a run at its first observation after the request."""

    def __init__(self, stop_requested: threading.Event) -> None:
        self._stop_requested = stop_requested

    def on_step(self, run: Run, observation: Observation) -> None:
        if self._stop_requested.is_set():
            raise Stopped
