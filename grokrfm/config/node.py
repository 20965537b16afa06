"""The gate: the only place where a config node becomes an object."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from hydra.errors import HydraException
from hydra.utils import get_object
from omegaconf import OmegaConf

from grokrfm.checks import SettingError, nearest, within
from grokrfm.paths import conf_folder

T = TypeVar("T")


def preset(group: str, option: str, **settings: Any) -> Any:
    """The object that one option of conf/ describes, for use from Python; some settings replaced.

    Raises
    ------
    SettingError   if there is no such option or setting, or a value that it cannot have

    Examples
    --------
    >>> from grokrfm.config import preset
    >>> preset("rfm", "default", iterations=20).ridge
    1e-08
    >>> preset("split", "fixed_points", reflections=[3]).reflections
    [3]
    """
    path = conf_folder() / group / f"{option}.yaml"
    if not path.is_file():
        options = [file.stem for file in path.parent.glob("*.yaml")]
        groups = [folder.name for folder in conf_folder().iterdir() if folder.is_dir()]
        hint = nearest(option, options) if options else nearest(group, groups)
        raise SettingError(f"{group}={option}", f"there is no such option; {hint}")
    node = {**mapping(OmegaConf.to_container(OmegaConf.load(path)), group), **settings}
    for key, value in node.items():
        if value == "???":
            raise SettingError(f"{group}.{key}", f"must be given; {option} has no value for it")
    return build(node, object, group)


def build(node: Any, expected: type[T], path: str) -> T:
    """The object that a config node with a `_target_` describes.

    `name` is the option's label and is not passed on; every other key is a constructor argument.

    Raises
    ------
    SettingError   its setting starts with `path`
    """
    node = mapping(node, path)
    if not isinstance(node.get("_target_"), str):
        raise SettingError(path, f"has no _target_; pick an option of the group, {path}=NAME")
    target = _target(node["_target_"], f"{path}._target_")
    arguments = {key: value for key, value in node.items() if key not in ("_target_", "name")}
    known = inspect.signature(target).parameters
    option = node.get("name", node["_target_"])
    for key in arguments:
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise SettingError(f"{path}.{key}", f"there is no such setting of {option}; {hint}")
    for key, parameter in known.items():
        if key not in arguments and parameter.default is parameter.empty:
            raise SettingError(f"{path}.{key}", f"must be given, {option} needs it")
    for key, value in arguments.items():
        if _is_option(value):  # within an option, such as the group of a task
            arguments[key] = build(value, _parameter_type(target, key), f"{path}.{key}")
    with within(path):
        built = target(**arguments)
    if not isinstance(built, expected):
        raise SettingError(
            f"{path}._target_",
            f"{node['_target_']} makes a {type(built).__name__}, not a {expected.__name__}",
        )
    return built


def scientific(node: Any) -> Any:
    """A node without the settings that its class declares to be PLUMBING."""
    if not isinstance(node, dict):
        return node
    plumbing = getattr(get_object(node["_target_"]), "PLUMBING", ())
    return {
        key: scientific(value) if _is_option(value) else value
        for key, value in node.items()
        if key not in plumbing
    }


def _is_option(value: Any) -> bool:
    return isinstance(value, dict) and "_target_" in value


def _parameter_type(target: Any, key: str) -> type:
    """The class that a parameter is annotated with, or object."""
    try:
        annotation = inspect.signature(target, eval_str=True).parameters[key].annotation
    except NameError:
        return object
    return annotation if isinstance(annotation, type) else object


def _target(name: str, path: str) -> Any:
    try:
        target = get_object(name)
    except (HydraException, ImportError, ValueError, AttributeError) as error:
        reason = str(error).splitlines()[-1] if str(error) else type(error).__name__
        raise SettingError(path, f"{name} cannot be imported ({reason})") from error
    if not callable(target):
        raise SettingError(path, f"{name} must be a class or a function")
    return target


def mapping(node: Any, path: str) -> dict[str, Any]:
    """A node, if it is one and not a plain value."""
    if not isinstance(node, dict):
        raise SettingError(path, f"must be an option of the config group {path}, got {node!r}")
    return node
