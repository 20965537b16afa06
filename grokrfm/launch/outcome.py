"""Outcome of a run as Hydra receives it: its objective, or its error."""

from __future__ import annotations

from typing import Any

from hydra.core.utils import JobStatus

from grokrfm.checks import GrokrfmError
from grokrfm.launch.driver import SweepDriver
from grokrfm.runs.record import Number, Record


class RunError(GrokrfmError):
    """Failure of a run; the message is that of its record."""


def objective(record: Record) -> Number:
    """Return the number that optimising sweepers get."""
    return record.metrics.get(record.names.objective) if record.names.objective else None


def ended(driver: SweepDriver, digest: str) -> tuple[JobStatus, Any]:
    """Return the status of a run after its sweep, and its objective or its error."""
    record = driver.outcomes.get(digest)
    if record and record.error:
        return JobStatus.FAILED, RunError(record.error["message"])
    record = record or driver.status.best.get(digest)
    if record is None or record.status != "finished":
        return JobStatus.UNKNOWN, None
    return JobStatus.COMPLETED, objective(record)
