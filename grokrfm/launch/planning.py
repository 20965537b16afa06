"""Planning: all runs of a sweep, built and checked before the first one starts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hydra.errors import HydraException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from grokrfm.checks import GrokrfmError, SettingError, boolean, choice
from grokrfm.config import (
    SpecMaker,
    build,
    build_hardware,
    build_run,
    build_tracker,
    readable_message,
    study_folder,
)
from grokrfm.launch.backend import Backend
from grokrfm.launch.chunks import CostClass, calibration
from grokrfm.launch.sweep import RETRIES, Sweep
from grokrfm.runs.learner import Learner
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.plan import Plan
from grokrfm.runs.settings import TARGET, OncePerPart, Settings
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import SweepFolder
from grokrfm.runs.together import Together, fastest_batch

COMMON = (TARGET, "outputs", "study", "hardware", "tracker", "rerun", "retry", "dry_run")
"""Settings that a sweep has once; runs that differ in them make several sweeps."""

SHOWN = 5
"""The most problems that a refusal lists."""


@without_garbage_collection()
def plan_sweeps(
    compose: Callable[[Sequence[str]], Settings], overrides: Sequence[Sequence[str]]
) -> tuple[list[Sweep], list[tuple[int, int]]]:
    """Compose, build and check every run; duplicates are merged.

    Parameters
    ----------
    compose     makes plain settings from the overrides of a run
    overrides   of every run

    Returns
    -------
    The sweeps, one for every combination of COMMON settings, nearly always one; and for every list
    of overrides the number of its sweep and that of its run there.

    Raises
    ------
    GrokrfmError, HydraException   naming every problem and its runs
    """
    planner = _Planner()
    positions: list[tuple[_Draft, str]] = []
    problems: dict[str, list[str]] = {}
    for one in overrides:
        try:
            settings = compose(one)
            draft = planner.draft(settings)
            digest, planned = planner.planned(settings, one, draft)
        except GrokrfmError as error:
            if len(overrides) == 1:
                raise
            problems.setdefault(str(error), []).append(" ".join(one))
            continue
        except HydraException as error:
            raise GrokrfmError(
                readable_message(error) + _only_of_some(error, one, overrides)
            ) from error
        draft.runs.setdefault(digest, planned)
        positions.append((draft, digest))
    if problems:
        raise _refusal(problems, len(overrides))
    if not positions:
        raise SettingError("sweep", "has no runs: a list is empty, or every run is excluded")
    given = Counter(draft for draft, _ in positions)
    sweeps = [_sweep(draft, count - len(draft.runs)) for draft, count in given.items()]
    numbers = {draft: number for number, draft in enumerate(given)}
    indices = {draft: sweep.plan.index for draft, sweep in zip(given, sweeps, strict=True)}
    return sweeps, [(numbers[draft], indices[draft][digest]) for draft, digest in positions]


class _PlannedRun(NamedTuple):
    """Data of a run that was built and checked."""

    settings: Settings
    overrides: Sequence[str]
    cost: float
    cost_class: CostClass
    batch_key: int
    batch: int


@dataclass(frozen=True, eq=False)
class _Draft:
    """A sweep to which runs are still added, by their digests."""

    backend: Backend
    status: StudyStatus
    runs: dict[str, _PlannedRun] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)


class _Planner:
    """Builds runs, each distinct part once."""

    def __init__(self) -> None:
        self._drafts: dict[str, _Draft] = {}
        self._drafts_by_ids: dict[tuple[int, ...], tuple[list[Any], _Draft]] = {}
        self._statuses: dict[Path, StudyStatus] = {}
        self._spec = SpecMaker()
        self._part = OncePerPart(build)
        self._batch_keys: dict[Hashable, int] = {}
        self._fastest: dict[int, Together] = {}

    def draft(self, settings: Settings) -> _Draft:
        """Return the sweep of all runs with the COMMON settings of this one."""
        values = [settings[key] for key in COMMON]
        ids = tuple(map(id, values))
        if ids not in self._drafts_by_ids:  # the values are kept, so that no others get their ids
            self._drafts_by_ids[ids] = values, self._equal_draft(settings, json.dumps(values))
        return self._drafts_by_ids[ids][1]

    def _equal_draft(self, settings: Settings, common: str) -> _Draft:
        if common not in self._drafts:
            backend, study = _backend(settings), study_folder(settings)
            build_tracker(settings)
            if study not in self._statuses:
                self._statuses[study] = StudyStatus(Store(study))
            self._drafts[common] = _Draft(backend, self._statuses[study])
        return self._drafts[common]

    def planned(
        self, settings: Settings, overrides: Sequence[str], draft: _Draft
    ) -> tuple[str, _PlannedRun]:
        """Build and check a run; returns its digest and its data for the sweep.

        One that has finished was built before. Of runs in which nothing is random, that of seed 0
        stands for all seeds.
        """
        device = str(settings["hardware"].get("device"))
        spec = self._spec(settings)
        draft.sources.update(spec.sources)
        record = draft.status.best.get(spec.digest) if settings["rerun"] is False else None
        if record and record.cost and record.satisfies(spec):
            seconds, cost_class = record.cost["seconds"], record.cost["class"]
            known = settings[TARGET], cost_class, device
            return spec.digest, _PlannedRun(settings, overrides, seconds, known, -1, 1)
        run = build_run(settings, self._part, spec)
        learner = run.learner
        if not learner.is_random and settings.get("seed", 0) != 0:  # every seed gives the same
            return self.planned({**settings, "seed": 0}, overrides, draft)
        return spec.digest, _PlannedRun(
            settings,
            overrides,
            learner.cost(),
            (settings[TARGET], learner.cost_class(), device),
            *self._batch(learner, draft.backend),
        )

    def _batch(self, learner: Learner, backend: Backend) -> tuple[int, int]:
        """Return a number that runs of one possible batch share, or -1, and the most in one."""
        device = backend.torch_device
        key = None if learner.batch == 1 else learner.batch_key(device)
        if key is None:
            return -1, 1
        number = self._batch_keys.setdefault(key, len(self._batch_keys))
        if isinstance(learner.batch, int):
            return number, learner.batch
        if number not in self._fastest:
            self._fastest[number] = fastest_batch(learner, device)
        size = self._fastest[number].size
        return (number, size) if size > 1 else (-1, 1)


def _backend(settings: Settings) -> Backend:
    hardware = build_hardware(settings)
    if not isinstance(hardware, Backend):
        raise SettingError("hardware._target_", "must be a Backend, see docs/extending.md")
    return hardware


def _sweep(draft: _Draft, repeated: int) -> Sweep:
    planned = list(draft.runs.values())
    first = planned[0].settings
    run = build_run(first)
    factors = calibration(draft.status.records)
    plan = Plan(
        list(draft.runs),
        [one.settings for one in planned],
        [one.cost * factors.get(one.cost_class, 1.0) for one in planned],
        [one.batch_key for one in planned],
        [one.batch for one in planned],
        run.names,
    )
    return Sweep(
        draft.status,
        SweepFolder.new(draft.status.store.study.resolve()),
        plan,
        [one.overrides for one in planned],
        repeated,
        draft.backend,
        run.learner,
        draft.sources,
        boolean("rerun", first["rerun"]),
        choice("retry", first["retry"], RETRIES),
        boolean("dry_run", first["dry_run"]),
    )


def _only_of_some(
    error: HydraException, run: Sequence[str], overrides: Sequence[Sequence[str]]
) -> str:
    """Return the remedy where a sweep sets what not every option of a group has; else nothing."""
    cause = error.__cause__
    if not isinstance(cause, (ConfigAttributeError, ConfigKeyError)):
        return ""
    group = str(cause.full_key).partition(".")[0]
    options = {text for one in overrides for text in one if text.startswith(f"{group}=")}
    if len(options) < 2:
        return ""
    each = ", ".join(sorted(options))
    return f"\n  in {' '.join(run)}; start a sweep for each of {each}, all into one study"


def _refusal(problems: Mapping[str, Sequence[str]], of: int) -> GrokrfmError:
    count = sum(map(len, problems.values()))
    lines = [f"nothing was started: {count} of {of} runs are invalid"]
    for problem, runs in list(problems.items())[:SHOWN]:
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        lines.append(f"{problem}\n  in {runs[0]}{more}")
    if len(problems) > SHOWN:
        lines.append(f"and {len(problems) - SHOWN} more problems")
    return GrokrfmError("\n".join(lines))
