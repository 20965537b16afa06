"""Workload of a worker pool: batches of items, and what becomes of their results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

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


class Workload(Protocol):
    """Items that a pool gives to its workers; pickled into the job, it keeps the results itself."""

    def begin(self) -> None:
        """The job starts, or starts again."""

    def end(self) -> None:
        """The job ends, or starts again later; no worker is left."""

    def handler(self) -> bytes:
        """Return the pickled Handler that workers receive first."""

    def batches(self) -> list[Batch]:
        """Return what remains, in order; read again when a job starts again."""

    def item(self, batch: Batch) -> Any:
        """Return what a worker receives for a batch."""

    def seconds(self, batch: Batch) -> float:
        """Estimate the duration of a batch."""

    def limit(self, batch: Batch) -> float | None:
        """Return the seconds after which a worker that still does the batch is killed."""

    def on_result(self, batch: Batch, result: Any) -> list[Batch]:
        """A worker has done a batch; returns batches to be done again, each alone."""

    def on_death(self, batch: Batch, death: Death) -> None:
        """A worker has died while it did a batch."""

    def stopped(self) -> bool:
        """True if the job must stop."""

    def on_error(self, error: Exception) -> None:
        """The pool cannot continue."""

    def result(self) -> Any:
        """Return the result of the job; called when it has come to its own end."""
