"""Settings of a run: composed, checked, and turned into a Run, its hardware and its study."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from grokrfm.checks import SettingError, integer, nearest, setting_prefix, shown
from grokrfm.config.node import (
    Builder,
    build,
    is_option,
    mapping,
    parameters,
    plumbing,
    target_of,
)
from grokrfm.config.search import as_flags, searching
from grokrfm.config.sources import sources
from grokrfm.config.studies import check_command_line, check_study
from grokrfm.paths import conf_folder
from grokrfm.runs.features import FeatureSelection
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.learner import Learner, Run
from grokrfm.runs.observer import Observer
from grokrfm.runs.record import Names
from grokrfm.runs.settings import TARGET, OncePerPart, Settings
from grokrfm.runs.spec import Spec, entry

PROBE = "probe"
"""The setting for measurements; a learner may take it."""


def compose(
    overrides: Sequence[str], folders: Sequence[str | Path] = (), primary: str = "config"
) -> Settings:
    """Return the plain settings that overrides on the command line describe; nothing is run.

    Parameters
    ----------
    folders   searched for options besides conf/
    primary   name of the primary config

    Raises
    ------
    HydraException   if there is no such option or setting
    SettingError     if a value is missing
    """
    check_command_line([*as_flags(folders, primary), *overrides])
    with searching(folders):
        return plain(hydra_compose(primary, overrides=list(overrides)))


def plain(config: DictConfig) -> Settings:
    """Return a composed config as plain containers: resolved, without unknown or missing keys."""
    try:
        settings = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        setting = str(getattr(error, "full_key", None) or "config")
        missing = isinstance(error, MissingMandatoryValue)
        problem = f"must be given, as {setting}=VALUE" if missing else str(error).splitlines()[0]
        raise SettingError(setting, problem) from error
    return complete(settings)


def complete(settings: Any) -> Settings:
    """Return plain settings, if no key at their root is unknown or was taken out."""
    assert isinstance(settings, dict)
    if not isinstance(settings.get(TARGET), str):
        raise SettingError(TARGET, "must name the learner that the config describes")
    own = parameters(target_of(settings, ""))
    if PROBE in own:
        settings.setdefault(PROBE, {})  # where every probe was taken out
    needed = [key for key, one in own.items() if one.default is one.empty]
    for key in [*needed, *base_settings()]:
        if key not in settings:
            raise SettingError(key, "must be given, but was taken out")
    known = {*own, *base_settings()}
    for key in map(str, settings):
        if key not in known and key != TARGET:
            raise SettingError(key, f"there is no such setting; {nearest(key, known)}")
    return {str(key): _labelled(value) for key, value in settings.items()}


def _labelled(node: Any) -> Any:
    """Return a node with a label for every option in it: that of its target, if it has none."""
    if not isinstance(node, dict):
        return node
    node = {key: _labelled(value) for key, value in node.items()}
    if isinstance(node.get(TARGET), str) and "name" not in node:
        node["name"] = node[TARGET].rpartition(".")[2].lower()
    return node


@cache
def base_settings() -> Collection[str]:
    """Return the settings that every primary config has, as conf/base.yaml lists them."""
    base = OmegaConf.load(conf_folder() / "base.yaml")
    groups = (entry for entry in base.defaults if not isinstance(entry, str))
    named = [str(group) for entry in groups for group in entry if " " not in str(group)]
    return [*named, *(str(key) for key in base if key not in ("defaults", "hydra"))]


def build_run(settings: Settings, builder: Builder | None = None, spec: Spec | None = None) -> Run:
    """Build everything that plain settings describe.

    Parameters
    ----------
    builder   makes the parts of the learner; for many learners of few distinct parts
    spec      the spec of the settings, if it is known

    Raises
    ------
    SettingError   naming the setting, its value, the rule and the remedy
    """
    integer("seed", settings["seed"], minimum=0)
    root = _root(settings)
    learner = build(root, Learner, "", builder)
    integer("iterations", getattr(learner, "iterations", None), minimum=1)
    spec = spec or SpecMaker()(settings)
    with setting_prefix("save"):
        spec.features.check(learner.features)
    return Run(spec, learner, settings, _names(root, learner))


class SpecMaker:
    """Makes the specs of many runs; what they share is worked out once."""

    def __init__(self) -> None:
        self._scientific: Callable[[Any, str], Any] = OncePerPart(_scientific)
        self._entry: Callable[[Any, str], str] = OncePerPart(entry)
        self._sources: Callable[[Any, str], dict[str, str]] = OncePerPart(sources)

    def __call__(self, settings: Settings) -> Spec:
        """Return what plain settings compute and keep; `build_run` checks that it is possible."""
        save, root = settings["save"], _root(settings)
        if not isinstance(save, dict) or set(save) != {"features", "predictions"}:
            raise SettingError(
                "save", f"must hold features and predictions, as in save.features=all, got {save!r}"
            )
        probes = mapping(settings.get(PROBE, {}), PROBE)
        science = _scientific(root, "", self._scientific)
        code = sources({TARGET: root[TARGET]})
        for key, part in root.items():
            code |= self._sources(part, key)
        with setting_prefix("save"):
            features = FeatureSelection(save["features"])
            return Spec(science, probes, features, save["predictions"], code, self._entry)


def _root(settings: Settings) -> Settings:
    """Return the settings of the learner."""
    target = target_of(settings, "")
    return {key: settings[key] for key in (TARGET, *parameters(target)) if key in settings}


def build_hardware(settings: Settings) -> Hardware:
    """Build the hardware of a run."""
    return build(settings["hardware"], Hardware, "hardware")


def build_tracker(settings: Settings) -> Observer:
    """Build the tracker of runs; it is not open yet."""
    return build(settings["tracker"], Observer, "tracker")


def study_folder(settings: Settings) -> Path:
    """Return the folder of a run's study."""
    name, outputs = check_study(mapping(settings["study"], "study")), settings["outputs"]
    if not isinstance(outputs, (str, int)) or not str(outputs):
        raise SettingError("outputs", f"must be the path of a folder, got {shown(outputs)}")
    try:
        folder = Path(str(outputs)).expanduser()
        (folder / name).stat()
    except FileNotFoundError:
        pass
    except NotADirectoryError as error:
        problem = f"{folder} is or lies in a file; give the path of a folder"
        raise SettingError("outputs", problem) from error
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError("outputs", f"{shown(outputs)} cannot be a folder ({reason})") from error
    return folder / name


def _scientific(
    node: Settings, path: str = "", part: Callable[[Any, str], Any] | None = None
) -> Settings:
    """Return a node without the settings that its classes declare as PLUMBING.

    Parameters
    ----------
    part   makes the options within it; None: `_scientific`
    """
    prefix = f"{path}." if path else ""
    own = getattr(target_of(node, path), "PLUMBING", ())
    return {
        key: (part or _scientific)(value, f"{prefix}{key}") if is_option(value) else value
        for key, value in node.items()
        if key not in own
    }


def _names(root: Settings, learner: Learner) -> Names:
    dropped = plumbing(root)
    return Names(
        scientific=[key for key in root if key != TARGET and key not in dropped],
        plumbing=[name for name in dropped if "." in name],
        leading=list(learner.leading),
        objective=learner.objective or next(iter(learner.leading), None),
    )
