"""Planning: all runs of a sweep, built and checked before the first one starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from grokrfm.checks import GrokrfmError, SettingError, boolean, choice
from grokrfm.config import SpecMaker, build, build_hardware, build_run, study_folder
from grokrfm.launch.backend import Backend
from grokrfm.launch.chunks import CostClass, calibration
from grokrfm.launch.sweep import RETRIES, Sweep
from grokrfm.runs.learner import Run
from grokrfm.runs.memory import without_garbage_collection
from grokrfm.runs.plan import Plan
from grokrfm.runs.settings import TARGET, OncePerPart, Settings
from grokrfm.runs.store import Store
from grokrfm.runs.study_status import StudyStatus
from grokrfm.runs.sweep_folder import SweepFolder

COMMON = (TARGET, "outputs", "study", "hardware", "rerun", "retry", "dry_run")
"""Settings that a sweep has once; runs that differ in them make several sweeps."""

T = TypeVar("T")

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
    sweeps: dict[str, dict[str, _PlannedRun]] = {}
    positions: list[tuple[str, str]] = []
    problems: dict[str, list[str]] = {}
    for one in overrides:
        try:
            settings = compose(one)
            digest, planned = planner.planned(settings, one)
            common = planner.common(settings)
        except GrokrfmError as error:
            if len(overrides) == 1:
                raise
            problems.setdefault(str(error), []).append(" ".join(one))
            continue
        sweeps.setdefault(common, {}).setdefault(digest, planned)
        positions.append((common, digest))
    if problems:
        raise _refusal(problems, len(overrides))
    if not sweeps:
        raise SettingError("sweep", "has no runs: a list is empty, or every run is excluded")
    given = [common for common, _ in positions]
    made = {
        common: _sweep(runs, given.count(common) - len(runs), planner)
        for common, runs in sweeps.items()
    }
    numbers = {common: number for number, common in enumerate(made)}
    indices = {common: sweep.plan.index for common, sweep in made.items()}
    places = [(numbers[common], indices[common][digest]) for common, digest in positions]
    return list(made.values()), places


class _PlannedRun(NamedTuple):
    """Data of a run that was built and checked."""

    settings: Settings
    overrides: Sequence[str]
    cost: float
    cost_class: CostClass
    batch_key: int
    batch: int


class _Planner:
    """Builds runs, each distinct part once."""

    def __init__(self) -> None:
        self._statuses: dict[Path, StudyStatus] = {}
        self._spec = SpecMaker()
        self._part = OncePerPart(build)
        self._made: dict[tuple[int, ...], tuple[Any, Any]] = {}
        self._batch_keys: dict[Hashable, int] = {}

    def planned(self, settings: Settings, overrides: Sequence[str]) -> tuple[str, _PlannedRun]:
        """Build and check a run; returns its digest and its data for the sweep.

        One that has finished was built before.
        """
        backend = self._once((settings["hardware"],), lambda: _backend(settings))
        study = self._once((settings["study"], settings["outputs"]), lambda: study_folder(settings))
        device = str(settings["hardware"].get("device"))
        spec = self._spec(settings)
        record = self.status(study).best.get(spec.digest) if settings["rerun"] is False else None
        if record and record.cost and record.satisfies(spec):
            seconds, cost_class = record.cost["seconds"], record.cost["class"]
            known = settings[TARGET], cost_class, device
            return spec.digest, _PlannedRun(settings, overrides, seconds, known, -1, 1)
        run = build_run(settings, self._part, spec)
        learner = run.learner
        return spec.digest, _PlannedRun(
            settings,
            overrides,
            learner.cost(),
            (settings[TARGET], learner.cost_class(), device),
            self._batch_key(run, backend),
            learner.batch,
        )

    def common(self, settings: Settings) -> str:
        """Return text that the runs of one sweep share."""
        values = tuple(settings[key] for key in COMMON)
        return self._once(values, lambda: json.dumps(values))

    def status(self, study: Path) -> StudyStatus:
        """Return the status of a study, read once."""
        if study not in self._statuses:
            self._statuses[study] = StudyStatus(Store(study))
        return self._statuses[study]

    def _once(self, nodes: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what `make` returns for some nodes, made when they are seen first."""
        key = tuple(map(id, nodes))
        if key not in self._made:
            self._made[key] = nodes, make()  # no other object has the ID of one that is kept
        return self._made[key][1]

    def _batch_key(self, run: Run, backend: Backend) -> int:
        """Return a number that runs of one possible batch share; -1: alone."""
        if run.learner.batch == 1:
            return -1
        key = run.learner.batch_key(backend.torch_device)
        return -1 if key is None else self._batch_keys.setdefault(key, len(self._batch_keys))


def _backend(settings: Settings) -> Backend:
    hardware = build_hardware(settings)
    if not isinstance(hardware, Backend):
        raise SettingError("hardware._target_", "must be a Backend, see docs/extending.md")
    return hardware


def _sweep(runs: Mapping[str, _PlannedRun], repeated: int, planner: _Planner) -> Sweep:
    planned = list(runs.values())
    first = planned[0].settings
    run = build_run(first)
    study = study_folder(first)
    status = planner.status(study)
    factors = calibration(status.records)
    plan = Plan(
        list(runs),
        [one.settings for one in planned],
        [one.cost * factors.get(one.cost_class, 1.0) for one in planned],
        [one.batch_key for one in planned],
        [one.batch for one in planned],
        run.names,
    )
    return Sweep(
        status,
        SweepFolder.new(study.resolve()),
        plan,
        [one.overrides for one in planned],
        repeated,
        _backend(first),
        type(run.learner),
        boolean("rerun", first["rerun"]),
        choice("retry", first["retry"], RETRIES),
        boolean("dry_run", first["dry_run"]),
    )


def _refusal(problems: Mapping[str, Sequence[str]], of: int) -> GrokrfmError:
    count = sum(map(len, problems.values()))
    lines = [f"nothing was started: {count} of {of} runs are invalid"]
    for problem, runs in list(problems.items())[:SHOWN]:
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        lines.append(f"{problem}\n  in {runs[0]}{more}")
    if len(problems) > SHOWN:
        lines.append(f"and {len(problems) - SHOWN} more problems")
    return GrokrfmError("\n".join(lines))
