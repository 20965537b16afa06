"""The Record of one attempt at a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.spec import Spec

T = TypeVar("T")

Number = float | int | str | None

_NUMBER = re.compile(r"(?P<code>(code |signal |SystemExit: )-?)?\d+(\.\d+)?(e[+-]?\d+)?")

OUT_OF_MEMORY = "OutOfMemoryError"
"""Type of every out-of-memory error in a record."""


@dataclass(frozen=True)
class Names:
    """Names that a record carries, so that its readers need not know the learner.

    Parameters
    ----------
    scientific   settings at the root of the config that the digest counts, such as "task"
    plumbing     dotted settings below them that it does not count
    leading      numbers that tables and the report show first
    objective    the number that optimising sweepers get, and tables show where none is asked for
    """

    scientific: Sequence[str] = ()
    plumbing: Sequence[str] = ()
    leading: Sequence[str] = ()
    objective: str | None = None

    def is_scientific(self, setting: str) -> bool:
        """True if a dotted setting counts in the digest, or is the label of one that does."""
        if setting.partition(".")[0] not in self.scientific:
            return False
        return not any(setting == name or setting.startswith(f"{name}.") for name in self.plumbing)


class Record(msgspec.Struct, frozen=True, eq=False):
    """One attempt at a run, as far as it went.

    Parameters
    ----------
    digest : str        of the Spec
    attempt : str       unique; names the writer too
    status : str        finished, failed or interrupted; running or lost where no end was written
    started, ended      seconds since the epoch; `ended` is None where no end was written
    config              the settings, as nested plain values
    facts               known before the first iteration, such as the sizes of the data
    provenance          versions, commit, host, process, device, threads
    names : Names       which settings are scientific, which numbers lead
    sources             class from outside the package → SHA-256 of its source file
    cost                "seconds" estimated for all "iterations", and the "class" of such estimates
    metrics             the numbers of the last observation and of the run as a whole
    seconds             wall time, including the attempts that it continues
    features            the k of the feature matrices kept
    predictions : bool  True if the predictions of the last iteration were kept
    resumed_at : int    updates made when it started from a checkpoint
    log_start : int     first byte of its output in the log of its worker
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
    names: Names = Names()
    sources: Mapping[str, str] = {}
    cost: Mapping[str, Any] = {}
    metrics: Mapping[str, Any] = {}
    seconds: float | None = None
    features: Sequence[int] = ()
    predictions: bool = False
    resumed_at: int = 0
    log_start: int = 0
    error: Mapping[str, str] | None = None
    history: Mapping[str, Sequence[Any]] = {}

    def satisfies(self, spec: Spec) -> bool:
        """True if this is a finished run of `spec` with everything asked for."""
        return self.digest == spec.digest and self.holds(
            spec.probes, spec.features, spec.predictions
        )

    def holds(
        self, probes: Mapping[str, Any], features: FeatureSelection, predictions: str
    ) -> bool:
        """True if this is a finished run that measured and kept all of this (see Spec)."""
        measured = self.config.get("probe", {})
        return (
            self.status == "finished"
            and all(measured.get(name) == settings for name, settings in probes.items())
            and (self.predictions or predictions == "none")
            and (
                features.satisfied_by(self.features, self.metrics.get("updates", 0))
                or features == FeatureSelection(self.config.get("save", {}).get("features", "none"))
            )
        )


def best_by_digest(records: Iterable[Record]) -> dict[str, Record]:
    """Return one record per run: a finished one before any other, then the latest."""
    best: dict[str, Record] = {}
    for record in records:
        if ranks_before(record, best.get(record.digest)):
            best[record.digest] = record
    return best


def ranks_before(record: Record, held: Record | None) -> bool:
    """True if a record replaces another one of its digest as the best."""
    return held is None or _rank(record) >= _rank(held)


def _rank(record: Record) -> tuple[bool, float]:
    return record.status == "finished", record.ended or record.started


def by_cause(messages: Iterable[tuple[T, str]]) -> dict[str, list[T]]:
    """Group failures by the message of the first of each kind, the commonest kind first.

    Messages of one kind differ in numbers only, such as the iteration, not an exit code.
    """
    kinds: dict[str, tuple[str, list[T]]] = {}
    for failed, message in messages:
        kind = _NUMBER.sub(lambda found: found[0] if found["code"] else "#", message)
        kinds.setdefault(kind, (message, []))[1].append(failed)
    return dict(sorted(kinds.values(), key=lambda entry: -len(entry[1])))
