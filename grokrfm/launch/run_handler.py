"""Handler of the runs of a study: the work of a worker process."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from grokrfm.checks import SettingError, StoreError
from grokrfm.launch.worker import Stopped
from grokrfm.runs.observer import Observer, Observers
from grokrfm.runs.record import Record
from grokrfm.runs.settings import Settings
from grokrfm.runs.store import Store
from grokrfm.runs.sweep_folder import SweepFolder

if TYPE_CHECKING:  # the pool, which pickles the handler, must not wait for torch
    from grokrfm.runs.learner import Observation


class RunHandler:
    """Computes the runs of a batch; returns the type of each run's error.

    Parameters
    ----------
    folder : SweepFolder   of the sweep
    device, threads        as for grokrfm.runs.hardware.Hardware
    tracker : option       None in plans of earlier versions
    """

    def __init__(
        self, folder: SweepFolder, device: str, threads: int, tracker: Settings | None
    ) -> None:
        self._folder, self._device, self._threads = folder, device, threads
        self._tracker = tracker

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Prepare what runs need, so that the time limit of the first run does not count it."""
        import torch  # noqa: F401

        from grokrfm.launch.tracking import opened_tracker

        self.__dict__.update(state)
        self._observer = Observer()
        if self._tracker:
            settings = {"tracker": self._tracker}
            try:
                self._observer = opened_tracker(settings, self._folder.study, self._warn)
            except SettingError as error:  # this host is not the one that has checked it
                self._warn(str(error))

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
        observer = Observers(self._observer, _StopWatcher(stop_requested))
        records = execute_batch(built, self._store, hardware, observer, interruption=Stopped)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # free memory for other processes on the device
        return [record.error["type"] if record.error else None for record in records]

    @cached_property
    def _store(self) -> Store:
        return Store(self._folder.study)

    def _warn(self, text: str) -> None:
        with suppress(StoreError):  # a full disk
            self._folder.write_warning(text)


class _StopWatcher(Observer):
    """Observer that stops a run at its first observation after the request."""

    def __init__(self, stop_requested: threading.Event) -> None:
        self._stop_requested = stop_requested

    def observed(self, record: Record, observation: Observation) -> None:
        if self._stop_requested.is_set():
            raise Stopped
