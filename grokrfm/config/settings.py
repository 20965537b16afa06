"""Settings: composed, checked, and turned into all that a run needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from grokrfm.checks import SettingError, boolean, integer, nearest, within
from grokrfm.config.node import build, mapping, scientific
from grokrfm.experiment import Experiment
from grokrfm.kernels import Kernel
from grokrfm.paths import conf_folder
from grokrfm.probes import Probe
from grokrfm.rfm import RFM, Start
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.shared import Shared
from grokrfm.runs.spec import Spec
from grokrfm.splits import Split, Splitter
from grokrfm.tasks import Task

Settings = Mapping[str, Any]

SCIENCE = ("task", "split", "kernel", "rfm", "start", "seed")
PLUMBING = ("probe", "save", "hardware", "study", "outputs", "rerun", "retry", "dry_run")
LEARNED_START = ("task", "kernel", "rfm", "start")
"""What a start that is learned depends on."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a process needs to do one run: every object built, nothing computed."""

    spec: Spec
    experiment: Experiment
    hardware: Hardware
    study: Path
    rerun: bool
    settings: Settings


def plan(config: DictConfig) -> Plan:
    """Build everything that a composed config describes.

    Raises
    ------
    SettingError   naming the setting, its value, the rule and the remedy
    """
    return plan_of_settings(plain(config))


def plan_of_settings(settings: Settings) -> Plan:
    """The same for settings that are plain containers already."""
    rerun = boolean("rerun", settings["rerun"])
    hardware = build_hardware(settings)
    study = study_folder(settings)
    experiment = build_experiment(settings, study, hardware)
    return Plan(build_spec(settings), experiment, hardware, study, rerun, settings)


def compose(overrides: Sequence[str], folders: Sequence[Path] = ()) -> Settings:
    """The plain settings that overrides on the command line describe, without running anything.

    Parameters
    ----------
    folders   searched for options besides conf/

    Raises
    ------
    HydraException   if there is no such option or setting
    SettingError     if a value is missing
    """
    search = ",".join(f"'file://{folder.resolve()}'" for folder in folders)
    more = [f"hydra.searchpath=[any-study://,{search}]"] if folders else []
    with initialize_config_dir(str(conf_folder().resolve()), version_base="1.3"):
        return plain(hydra_compose("config", overrides=[*overrides, *more]))


def build_split(settings: Settings) -> tuple[Task, Split]:
    """The task, and how a run with these settings would split it."""
    task = build(settings["task"], Task, "task")
    splitter = build(settings["split"], Splitter, "split")
    rng = np.random.default_rng(integer("seed", settings["seed"], minimum=0))
    with within("split"):
        return task, splitter.split(task, rng)


def plain(config: DictConfig) -> Settings:
    """A composed config as plain containers, everything resolved, no key unknown or missing."""
    try:
        settings = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        setting = str(getattr(error, "full_key", None) or "config")
        missing = isinstance(error, MissingMandatoryValue)
        problem = f"must be given, as {setting}=VALUE" if missing else str(error).splitlines()[0]
        raise SettingError(setting, problem) from error
    return complete(settings)


def complete(settings: Any) -> Settings:
    """Plain settings, if no key at their top is unknown or was taken out."""
    assert isinstance(settings, dict)
    settings.setdefault("probe", {})  # where every probe was taken out
    for key in SCIENCE + PLUMBING:
        if key not in settings:
            raise SettingError(key, "must be given, but was taken out")
    for key in map(str, settings):
        if key not in SCIENCE + PLUMBING:
            raise SettingError(key, f"there is no such setting; {nearest(key, SCIENCE + PLUMBING)}")
    return {str(key): value for key, value in settings.items()}


def build_experiment(
    settings: Settings,
    study: Path | None = None,
    hardware: Hardware | None = None,
    made: Callable[[Any, type[Any], str], Any] | None = None,
) -> Experiment:
    """The experiment that the scientific settings and the probes describe.

    With a study folder, and the hardware that computes, learned starts are shared there. `made`
    stands in for `build`, for who builds many experiments of few parts.
    """
    part = made or build
    probes = {
        name: part(node, Probe, f"probe.{name}")
        for name, node in mapping(settings["probe"], "probe").items()
    }
    parts: dict[str, Any] = {
        "task": part(settings["task"], Task, "task"),
        "splitter": part(settings["split"], Splitter, "split"),
        "kernel": part(settings["kernel"], Kernel, "kernel"),
        "rfm": part(settings["rfm"], RFM, "rfm"),
        "start": part(settings["start"], Start, "start"),
    }
    shared = None
    if study and hardware:
        science = {key: scientific(settings[key]) for key in LEARNED_START}
        spec = Spec(science, {}, FeatureSelection("none"))
        shared = Shared(study / "starts", spec, hardware)
    return Experiment(**parts, probes=probes, seed=settings["seed"], shared_start=shared)


def build_spec(settings: Settings) -> Spec:
    """What plain settings compute and leave."""
    save = settings["save"]
    if not isinstance(save, dict) or set(save) != {"features", "predictions"}:
        raise SettingError(
            "save", f"must hold features and predictions, as in save.features=all, got {save!r}"
        )
    with within("save"):
        features = FeatureSelection(save["features"])
    _check_features(features, settings["rfm"])
    science = {key: scientific(settings[key]) for key in SCIENCE}
    with within("save"):
        return Spec(science, settings["probe"], features, save["predictions"])


def build_hardware(settings: Settings) -> Hardware:
    """Where the runs compute."""
    return build(settings["hardware"], Hardware, "hardware")


def study_folder(settings: Settings) -> Path:
    """The folder of a run's study."""
    name = mapping(settings["study"], "study").get("name")
    if not isinstance(name, (str, int)) or not re.fullmatch(r"\w[\w.+-]*", str(name)):
        raise SettingError(
            "study.name", f"must be a plain folder name (letters, digits, . _ + -), got {name!r}"
        )
    if not isinstance(settings["outputs"], (str, int)) or not str(settings["outputs"]):
        raise SettingError("outputs", f"must be the path of a folder, got {settings['outputs']!r}")
    folder = Path(str(settings["outputs"])).expanduser()
    if any(parent.exists() and not parent.is_dir() for parent in (folder, *folder.parents)):
        raise SettingError("outputs", f"{folder} is or lies in a file; give the path of a folder")
    return folder / str(name)


def _check_features(features: FeatureSelection, rfm: Any) -> None:
    iterations = rfm.get("iterations") if isinstance(rfm, dict) else None
    if not isinstance(iterations, int) or not isinstance(features.chosen, tuple):
        return
    if max(features.chosen, default=0) > iterations:
        raise SettingError(
            "save.features",
            f"{max(features.chosen)} is beyond the last update; rfm.iterations is {iterations}",
        )
