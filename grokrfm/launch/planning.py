"""All runs of a sweep, built and checked before the first one starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from grokrfm.checks import GrokrfmError, SettingError
from grokrfm.config import build, build_experiment, build_hardware, build_spec, study_folder
from grokrfm.launch.chunks import calibration, cost_class, estimated_seconds
from grokrfm.launch.composition import Settings
from grokrfm.runs import plans
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.plans import SweepPlan
from grokrfm.runs.record import Record
from grokrfm.runs.store import Store

COMMON = ("outputs", "study", "hardware", "rerun", "retry", "dry_run")
"""Settings that a sweep has once; runs that differ in them make several sweeps."""

SHOWN = 5


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sweep that can start.

    Parameters
    ----------
    plan : SweepPlan
    overrides     of each run of the plan
    repeated      how many more lists of overrides were given that compute the same as one of these
    study : Path
    hardware : Hardware
    common        the settings that all runs share: rerun, retry, dry_run, ...
    """

    plan: SweepPlan
    overrides: Sequence[Sequence[str]]
    repeated: int
    study: Path
    hardware: Hardware
    common: Settings

    def satisfied(self, records: Mapping[str, Record]) -> set[int]:
        """Runs that are finished with all that is asked for."""
        found = set()
        for i, (digest, settings) in enumerate(
            zip(self.plan.digests, self.plan.settings, strict=True)
        ):
            save, record = settings["save"], records.get(digest)
            asked = settings["probe"], FeatureSelection(save["features"]), save["predictions"]
            if record and record.holds(*asked):
                found.add(i)
        return found


class Planned(NamedTuple):
    """The sweeps that lists of overrides describe.

    Parameters
    ----------
    sweeps      one for every combination of study and hardware met, in the order met
    positions   where each list of overrides stands: number of its sweep, and of the run there
    """

    sweeps: Sequence[Sweep]
    positions: Sequence[tuple[int, int]]


def planned(
    compose: Callable[[Sequence[str]], Settings], overrides: Sequence[Sequence[str]]
) -> Planned:
    """Compose, build and check every run; runs that compute the same are one.

    Parameters
    ----------
    compose     makes plain settings from the overrides of a run
    overrides   of every run

    Raises
    ------
    GrokrfmError, HydraException   naming what is wrong with which runs
    """
    builder = _Builder()
    drafts: dict[str, _Draft] = {}
    positions: list[tuple[int, int]] = []
    problems: dict[str, list[str]] = {}
    for one in overrides:
        try:
            settings = compose(one)
            builder.check(settings)
            digest = build_spec(settings).digest
        except GrokrfmError as error:
            if len(overrides) == 1:
                raise
            problems.setdefault(str(error), []).append(" ".join(one))
            continue
        common = json.dumps([settings[key] for key in COMMON])
        draft = drafts.setdefault(common, _Draft())
        positions.append((list(drafts).index(common), draft.add(digest, settings, one)))
    if problems:
        raise _refusal(problems, len(overrides))
    if not drafts:
        raise SettingError("sweep", "has no runs: a list is empty, or every run is excluded")
    return Planned([draft.sweep(builder) for draft in drafts.values()], positions)


class _Draft:
    """The runs of one sweep while they are gathered."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._settings: list[Settings] = []
        self._overrides: list[Sequence[str]] = []
        self._given = 0

    def add(self, digest: str, settings: Settings, overrides: Sequence[str]) -> int:
        """Take up a run, unless one that computes the same is there; its number."""
        self._given += 1
        if digest not in self._places:
            self._places[digest] = len(self._settings)
            self._settings.append(settings)
            self._overrides.append(overrides)
        return self._places[digest]

    def sweep(self, builder: _Builder) -> Sweep:
        first = self._settings[0]
        study = study_folder(first)
        plan = SweepPlan(
            plans.new_name(),
            list(self._places),
            self._settings,
            _costs(self._settings, builder, Store(study).records()),
            [builder.batch(settings) for settings in self._settings],
        )
        common = {key: first[key] for key in COMMON}
        repeated = self._given - len(plan)
        return Sweep(plan, self._overrides, repeated, study, build_hardware(first), common)


class _Builder:
    """Builds what runs are made of, each distinct part once."""

    def __init__(self) -> None:
        self._sizes: dict[tuple[Any, ...], tuple[int, int, int]] = {}
        self._checked: set[tuple[Any, ...]] = set()
        self._batches: dict[Hashable, int] = {}
        self._objects: dict[int, Any] = {}

    def check(self, settings: Settings) -> None:
        """Build all that a run needs, unless runs with the same parts were built before."""
        parts = [("kernel", "rfm"), ("hardware",), ("study", "outputs"), ("save", "rfm")]
        keys = [tuple((name, id(settings[name])) for name in part) for part in parts]
        if self._key(settings) in self._sizes and all(key in self._checked for key in keys):
            return
        experiment = build_experiment(settings, made=self._made)
        sizes = len(experiment.split.train), experiment.task.width, experiment.task.classes
        self._sizes[self._key(settings)] = sizes
        build_hardware(settings)
        study_folder(settings)
        self._checked.update(keys)

    def _made(self, node: Any, expected: type[Any], path: str) -> Any:
        """The object of a node; runs that share a node share its object, which never changes."""
        if id(node) not in self._objects:
            self._objects[id(node)] = build(node, expected, path)
        return self._objects[id(node)]

    def sizes(self, settings: Settings) -> tuple[int, int, int]:
        """Training rows, width and classes of a run that was checked."""
        return self._sizes[self._key(settings)]

    def batch(self, settings: Settings) -> int:
        """A number that runs have in common which may be computed together; -1: alone."""
        if settings["rfm"]["batch"] == 1:
            return -1
        device = build_hardware(settings).torch_device
        key = build_experiment(settings, made=self._made).batch_key(device)
        return -1 if key is None else self._batches.setdefault(key, len(self._batches))

    def _key(self, settings: Settings) -> tuple[Any, ...]:
        """Equal for settings with the same task, split and start; parts are shared objects."""
        parts = tuple(id(settings[name]) for name in ("task", "split", "start", "probe"))
        return (*parts, repr(settings["seed"]))


def _costs(runs: Sequence[Settings], builder: _Builder, records: Sequence[Record]) -> list[float]:
    factors = calibration(records)
    costs = []
    for settings in runs:
        estimate = estimated_seconds(settings["rfm"]["iterations"], *builder.sizes(settings))
        device = str(settings["hardware"].get("device"))
        costs.append(estimate * factors.get(cost_class(settings, device), 1.0))
    return costs


def _refusal(problems: Mapping[str, Sequence[str]], of: int) -> GrokrfmError:
    count = sum(map(len, problems.values()))
    lines = [f"nothing was started: {count} of {of} runs cannot be"]
    for problem, runs in list(problems.items())[:SHOWN]:
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        lines.append(f"{problem}\n  in {runs[0]}{more}")
    if len(problems) > SHOWN:
        lines.append(f"and {len(problems) - SHOWN} more problems")
    return GrokrfmError("\n".join(lines))
