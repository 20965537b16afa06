"""Workload of a worker pool: batches of items, and what becomes of their results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

Batch = tuple[int, ...]
"""Indices of the items that a worker does at once; nearly always one."""


@dataclass(frozen=True)
class Death:
    """Death of a worker process.

    Parameters
    ----------
    cause : str   in words, such as "its process was killed by SIGSEGV"
    pid : int     of the worker
    tail : str    the last lines it printed
    """

    cause: str
    pid: int
    tail: str


class Workload(ABC):
    """Items that a pool gives to its workers; pickled into the job, it keeps the results itself."""

    def begin(self) -> None:
        """Prepare for a start of the job, the first or a later one."""
        return

    def end(self) -> None:
        """Clean up: the job ends, or starts again later; no worker remains."""
        return

    @abstractmethod
    def handler(self) -> bytes:
        """Return the pickled Handler that workers receive first."""

    @abstractmethod
    def batches(self) -> list[Batch]:
        """Return the remaining batches, in order; read again when a job starts again."""

    @abstractmethod
    def item(self, batch: Batch) -> Any:
        """Return the item that a worker receives for a batch."""

    def seconds(self, batch: Batch) -> float:
        """Estimate the duration of a batch."""
        return 1.0

    def limit(self, batch: Batch) -> float | None:
        """Return the time limit of a batch in seconds; None for none."""
        return None

    @abstractmethod
    def on_result(self, batch: Batch, result: Any) -> list[Batch]:
        """Keep the result of a batch; returns batches to be done again, each alone."""

    @abstractmethod
    def on_death(self, batch: Batch, death: Death) -> None:
        """Note that a worker has died during a batch."""

    def stopped(self) -> bool:
        """True if the job must stop."""
        return False

    def on_error(self, error: Exception) -> None:
        """Note that the pool cannot continue."""
        return

    def result(self) -> Any:
        """Return the result of the job; called when every batch is done."""
        return None
