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
    metrics             the numbers of the last observation and of the run as a whole; of one that
                        runs, the leading ones when it last wrote them
    seconds             wall time, including the attempts that it continues
    features            the k of the feature matrices kept
    predictions : bool  True if the predictions of the last iteration were kept
    resumed_at : int    updates made when it started from a checkpoint
    log_start : int     first byte of its output in the log of its worker
    error               {"type", "message", "traceback"} of a run that failed
    history             every number by name over the iterations; empty unless asked for
    others              earlier attempts from which numbers of other probes are taken
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
    others: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<Record {self.digest}: {self.facts.get('title')}, {self.status}>"

    @property
    def probes(self) -> Mapping[str, Any]:
        """Settings of the probes that have measured it, by name."""
        return self.config.get("probe") or {}

    @property
    def progress(self) -> str:
        """Text with the iteration of a run that has not ended, and its first leading number."""
        updates, last = self.metrics.get("updates"), self.cost.get("iterations")
        if updates is None:
            return ""
        shown = [f"iteration {updates}" + (f" of {last}" if last else "")]
        for name in self.names.leading:
            if isinstance(value := self.metrics.get(name), (int, float)):
                return ", ".join([*shown, f"{name} {value:.3g}"])
        return shown[0]

    def satisfies(self, spec: Spec) -> bool:
        """True if this is a finished run of `spec` with everything asked for."""
        return self.digest == spec.digest and self.holds(
            spec.probes, spec.features, spec.predictions, spec.sources
        )

    def holds(
        self,
        probes: Mapping[str, Any],
        features: FeatureSelection,
        predictions: str,
        sources: Mapping[str, str],
    ) -> bool:
        """True if this is a finished run that measured and kept all of this (see Spec)."""
        return (
            self.status == "finished"
            and not self.changed(sources)
            and all(self.probes.get(name) == settings for name, settings in probes.items())
            and (self.predictions or predictions == "none")
            and (
                features.satisfied_by(self.features, self.metrics.get("updates", 0))
                or features == FeatureSelection(self.config.get("save", {}).get("features", "none"))
            )
        )

    def changed(self, sources: Mapping[str, str]) -> list[str]:
        """Return the classes whose sources were others when this run was computed."""
        return [name for name, code in self.sources.items() if sources.get(name, code) != code]

    def completed_by(self, earlier: Record) -> Record:
        """Return this finished record with what an earlier one measured or kept besides.

        Nothing is taken from one whose probes had other settings, or whose classes other sources.
        """
        if not _agree(self.probes, earlier.probes) or self.changed(earlier.sources):
            return self
        completed = msgspec.structs.replace(
            self,
            features=self.features or earlier.features,  # the later matrices replace the earlier
            predictions=self.predictions or earlier.predictions,
        )
        if earlier.probes.keys() <= self.probes.keys():
            return completed
        return msgspec.structs.replace(
            completed,
            config={**self.config, "probe": {**earlier.probes, **self.probes}},
            metrics={**earlier.metrics, **self.metrics},
            others=(*self.others, earlier.attempt),
        )


def best_by_digest(records: Iterable[Record]) -> dict[str, Record]:
    """Return one record per run."""
    attempts: dict[str, list[Record]] = {}
    for record in records:
        attempts.setdefault(record.digest, []).append(record)
    return {digest: best_of(found) for digest, found in attempts.items()}


def best_of(attempts: Sequence[Record]) -> Record:
    """Return the best attempt at a run: a finished one before any other, then the latest.

    What the latest finished one did not measure is taken from those before it.
    """
    if len(attempts) == 1:
        return attempts[0]
    *earlier, best = sorted(attempts, key=_rank)
    for attempt in reversed(earlier):
        if attempt.status == "finished":
            best = best.completed_by(attempt)
    return best


def _rank(record: Record) -> tuple[bool, float]:
    return record.status == "finished", record.ended or record.started


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True if two mappings have equal values for the keys that both have."""
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def by_cause(messages: Iterable[tuple[T, str]]) -> dict[str, list[T]]:
    """Group failures by the message of the first of each kind, the commonest kind first.

    Messages of one kind differ in numbers only, such as the iteration, not an exit code.
    """
    kinds: dict[str, tuple[str, list[T]]] = {}
    for failed, message in messages:
        kind = _NUMBER.sub(lambda found: found[0] if found["code"] else "#", message)
        kinds.setdefault(kind, (message, []))[1].append(failed)
    return dict(sorted(kinds.values(), key=lambda entry: -len(entry[1])))
