"""Overview of a study for its report: completeness, settings, failures, provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from grokrfm.collect.columns import constant, names, settings, varying
from grokrfm.collect.figures import Data
from grokrfm.collect.formats import shown
from grokrfm.runs.record import Record, by_cause

STATUSES = ("finished", "running", "interrupted", "lost", "failed", "crashed", "missing")
MOST_LEVELS = 12
MOST_NAMED = 20
MOST_CAUSES = 20
MOST_VALUES = 20  # of a label of the provenance
MOST_CHARACTERS = 10_000  # of a message or traceback
NOT_SHOWN = ("study.", "outputs", "retry", "dry_run")


@dataclass(frozen=True)
class Failure:
    """Runs that failed for one cause, with the traceback of the first."""

    cause: str
    kind: str
    count: int
    named: Sequence[str]
    traceback: str


@dataclass(frozen=True)
class Overview:
    """First part of a report, as the template shows it.

    Parameters
    ----------
    title        names of the studies
    planned      number of planned runs
    counts       status → number of runs
    varying      setting, its levels with the number of runs, and the number of levels left out
    constant     setting and its value
    failures     commonest causes
    more_causes  number of causes left out
    provenance   label and value: versions, commits, hosts, devices and times of the runs
    """

    title: str
    planned: int
    counts: Mapping[str, int]
    varying: Sequence[tuple[str, Sequence[tuple[str, int]], int]]
    constant: Sequence[tuple[str, str]]
    failures: Sequence[Failure]
    more_causes: int
    provenance: Sequence[tuple[str, str]]


def of(data: Data) -> Overview:
    """Build the overview of the runs of some studies."""
    runs = data.runs
    swept = runs[[name for name in settings(runs) if not name.startswith(NOT_SHOWN)]]
    records = [record for _, record in data.records.values()]
    counts = Counter(runs["status"])
    causes = by_cause((one, one.error["message"]) for one in records if one.error)
    known = {status: counts[status] for status in STATUSES if counts[status]}
    return Overview(
        title=", ".join(data.names) or "study",
        planned=len(runs),
        counts=known | {name: n for name, n in sorted(counts.items()) if name not in known},
        varying=[_levels(swept[name]) for name in names(varying(swept))],
        constant=[(name, shown(value)) for name, value in constant(swept).items()],
        failures=[_failure(*cause) for cause in list(causes.items())[:MOST_CAUSES]],
        more_causes=max(0, len(causes) - MOST_CAUSES),
        provenance=list(_provenance(records, runs)),
    )


def _levels(column: pd.Series) -> tuple[str, list[tuple[str, int]], int]:
    counts = column.value_counts(dropna=False, sort=False)
    try:
        counts = counts.sort_index()
    except TypeError:  # levels of mixed types have no order
        counts = counts.sort_index(key=lambda levels: levels.map(str))
    listed = [(shown(level), int(n)) for level, n in counts.items()]
    more = len(listed) - MOST_LEVELS if len(listed) > MOST_LEVELS + 1 else 0
    return str(column.name), listed[: len(listed) - more], more


def _failure(cause: str, failed: Sequence[Record]) -> Failure:
    error = failed[0].error or {}
    return Failure(
        cause[:MOST_CHARACTERS],
        error["type"][:MOST_CHARACTERS],
        len(failed),
        [record.digest for record in failed[:MOST_NAMED]],
        error.get("traceback", "")[-MOST_CHARACTERS:],  # an error is named at its end
    )


def _provenance(records: Sequence[Record], runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    sources = [record.provenance for record in records]
    versions: dict[str, set[str]] = {}
    for source in sources:
        for package, version in (source.get("versions") or {}).items():
            versions.setdefault(package, set()).add(str(version or "not installed"))
    for package, met in versions.items():
        yield package, ", ".join(sorted(met))
    git = [source.get("git") or {} for source in sources]
    state = {True: "with uncommitted changes", False: "clean"}
    commits = (
        f"{one['commit']} ({state[bool(one.get('dirty'))]}; " for one in git if "commit" in one
    )
    yield from _commonest("commit", Counter(commits))
    for what, key in (("host", "host"), ("device", "device"), ("system", "platform")):
        yield from _commonest(what, Counter(f"{one[key]} (" for one in sources if key in one))
    threads = sorted({one["threads"] for one in sources if one.get("threads") is not None})
    if threads:
        yield "threads per run", ", ".join(map(str, threads))
    if records:
        yield "first start", _moment(min(record.started for record in records))
        ends = [record.ended for record in records if record.ended]
        if ends:
            yield "last end", _moment(max(ends))
    seconds = runs.loc[runs["status"] == "finished", "seconds"] if "seconds" in runs else None
    if seconds is not None and len(seconds):
        yield (
            "computing time",
            f"{seconds.sum() / 3600:.3g} h, {seconds.median():.3g} s per run (median)",
        )


def _commonest(what: str, counts: Counter[str]) -> Iterator[tuple[str, str]]:
    for beginning, count in counts.most_common(MOST_VALUES):
        yield what, f"{beginning}{_runs(count)})"
    if len(counts) > MOST_VALUES:
        yield what, f"and {len(counts) - MOST_VALUES} more"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _moment(seconds: float) -> str:
    return f"{pd.Timestamp(seconds, unit='s', tz='UTC'):%Y-%m-%d %H:%M:%S} UTC"
