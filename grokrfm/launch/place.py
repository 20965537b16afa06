"""What a sweep asks of where it runs, and of who watches it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import submitit

from grokrfm.launch.pool import Slots, WorkerPool

if TYPE_CHECKING:
    from grokrfm.launch.driver import SweepDriver


class Place(Protocol):
    """Where a sweep runs: what conf/hardware/ describes."""

    scheduler: str
    minutes: float | None
    device: str
    wait: bool
    run_minutes: float | None

    @property
    def sweep_threads(self) -> int:
        """Threads of each slot."""

    def check(self) -> None:
        """Raise SettingError if nothing can run here; nothing is written before."""

    def slots_of_a_job(self) -> Slots:
        """The slots that a job finds."""

    def jobs(self, runs: Sequence[int], costs: Sequence[float]) -> list[list[int]]:
        """The runs of each job."""

    def submit(self, pools: Sequence[WorkerPool], folder: Path) -> list[submitit.Job[Any]]:
        """Submit every pool as a job; submitit's files go below `folder`."""


class View(Protocol):
    """Somebody who watches a sweep."""

    def update(self, driver: SweepDriver) -> None:
        """Called several times a second."""
