"""What one attempt at a run leaves."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.spec import Spec

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Record:
    """One attempt at a run, as far as it got.

    Parameters
    ----------
    digest : str        of the Spec
    attempt : str       unique; names the writer too
    status : str        finished, failed or interrupted; running or lost where no end was written
    started, ended      seconds since the epoch; `ended` is None where no end was written
    config              the settings, as nested plain values
    facts               what was known before the first iteration, such as n_train
    provenance          versions, commit, host, process, device, threads
    metrics             the numbers of the last iteration and of the run as a whole
    seconds             wall time, with that of the attempts it was resumed from
    features            the k of the feature matrices kept
    predictions : bool  whether those of the last iteration were kept
    resumed_at : int    the iterations done when it started, taken from a checkpoint
    error               {"type", "message", "traceback"} of a run that failed
    history             every number by name over the iterations; empty unless asked for
    """

    digest: str
    attempt: str
    status: str
    started: float
    ended: float | None
    config: Mapping[str, Any]
    facts: Mapping[str, Any]
    provenance: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    features: Sequence[int] = ()
    predictions: bool = False
    resumed_at: int = 0
    error: Mapping[str, str] | None = None
    history: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def satisfies(self, spec: Spec) -> bool:
        """Whether this is a finished run of `spec` with all that it asks for."""
        return self.digest == spec.digest and self.holds(
            spec.probes, spec.features, spec.predictions
        )

    def holds(
        self, probes: Mapping[str, Any], features: FeatureSelection, predictions: str
    ) -> bool:
        """Whether this is a finished run that measured and kept so much (see Spec)."""
        measured = self.config.get("probe", {})
        return (
            self.status == "finished"
            and all(measured.get(name) == settings for name, settings in probes.items())
            and (self.predictions or predictions == "none")
            and features.satisfied_by(self.features, self.metrics["updates"])
        )


def best_by_digest(records: Iterable[Record]) -> dict[str, Record]:
    """One record a run: a finished one before any other, then the latest."""
    best: dict[str, Record] = {}
    for record in records:
        held = best.get(record.digest)
        if held is None or _rank(record) >= _rank(held):
            best[record.digest] = record
    return best


def _rank(record: Record) -> tuple[bool, float]:
    return record.status == "finished", record.ended or record.started


def by_cause(messages: Iterable[tuple[T, str]]) -> dict[str, list[T]]:
    """What failed, by the message of the first of its kind, the commonest kind first.

    Messages are of a kind if they differ in numbers only, such as the iteration.
    """
    kinds: dict[str, tuple[str, list[T]]] = {}
    for failed, message in messages:
        kind = re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", message)
        kinds.setdefault(kind, (message, []))[1].append(failed)
    return dict(sorted(kinds.values(), key=lambda entry: -len(entry[1])))


def still_running(provenance: Mapping[str, Any]) -> bool:
    """Whether the process that started an attempt may still be at it.

    On this host its process is looked up; of another host nothing is known, so it may be.
    """
    if provenance.get("host") != platform.node():
        return True
    try:
        os.kill(int(provenance["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process_start(int(provenance["pid"])) == provenance.get("process_start")


def process_start(pid: int) -> str | None:
    """When a process of this host started, in clock ticks since boot.

    None where there is no such process, or none but its remains, or no /proc.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
