"""The gate: the only place where a config node becomes an object."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from hydra.utils import get_object
from omegaconf import OmegaConf

from grokrfm.checks import (
    FULL_ERROR,
    GrokrfmError,
    SettingError,
    is_abstract,
    nearest,
    plain_value,
    setting_prefix,
    shown,
)
from grokrfm.paths import conf_folder
from grokrfm.runs.settings import TARGET

T = TypeVar("T")

Builder = Callable[[Any, type[Any], str], Any]
"""Makes the object of a node, as `build` does."""


def preset(group: str, option: str, folders: Sequence[Path] = (), **settings: Any) -> Any:
    """Return the object that one option of conf/ describes, for use from Python.

    Parameters
    ----------
    folders    searched before conf/
    settings   replace those of the option

    Raises
    ------
    SettingError   if there is no such option or setting, or a value is invalid

    Examples
    --------
    >>> from grokrfm.config import preset
    >>> preset("rfm", "default", iterations=20).ridge
    1e-08
    >>> preset("split", "fixed_points", reflections=[3]).reflections
    [3]
    """
    files = [file for one in (*folders, conf_folder()) for file in (one / group).glob("*.yaml")]
    path = next((file for file in files if file.stem == option), None)
    if path is None:
        options = [file.stem for file in files]
        groups = [folder.name for folder in conf_folder().iterdir() if folder.is_dir()]
        hint = nearest(option, options) if options else nearest(group, groups)
        raise SettingError(f"{group}={option}", f"there is no such option; {hint}")
    node = {**mapping(OmegaConf.to_container(OmegaConf.load(path)), group), **settings}
    for key, value in node.items():
        if value == "???":
            raise SettingError(f"{group}.{key}", f"must be given; {option} has no value for it")
    return build(node, object, group)


def build(node: Any, expected: type[T], path: str, builder: Builder | None = None) -> T:
    """Return the object that a config node with a `_target_` describes.

    `name` is the option's label and is not passed on; every other key is a constructor argument.
    Options within it, and mappings of options, are built first.

    Parameters
    ----------
    path      dotted name of the node, "" for the root of a config
    builder   makes the options within it; None: `build`

    Raises
    ------
    SettingError   its setting starts with `path`
    """
    node = mapping(node, path)
    if not isinstance(node.get(TARGET), str):
        raise SettingError(path, f"has no {TARGET}; {_choose(path)}")
    prefix = f"{path}." if path else ""
    target = target_of(node, path)
    if not isinstance(node.get("name", ""), str):
        raise SettingError(f"{prefix}name", f"must be text, got {shown(node['name'])}")
    arguments = {key: value for key, value in node.items() if key not in (TARGET, "name")}
    known = parameters(target)
    option = node.get("name", node[TARGET])
    for key in arguments:
        if key not in known:
            hint = nearest(key, known) if known else "it has none"
            raise SettingError(f"{prefix}{key}", f"there is no such setting of {option}; {hint}")
    for key, parameter in known.items():
        collects = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if key not in arguments and parameter.default is parameter.empty and not collects:
            raise SettingError(f"{prefix}{key}", f"must be given, {option} needs it")
    for key, value in arguments.items():
        part = _expected_part(target, key)
        arguments[key] = _built(value, part, f"{prefix}{key}", builder or build)
    with setting_prefix(path) if path else nullcontext():
        built = _called(target, arguments, node[TARGET])
    if not isinstance(built, expected):
        raise SettingError(
            f"{prefix}{TARGET}",
            f"{node[TARGET]} makes a {type(built).__name__}, not a {expected.__name__}",
        )
    return built


def target_of(node: Mapping[str, Any], path: str) -> Any:
    """Return the class or function that a node's `_target_` names."""
    name = node[TARGET]
    if not isinstance(name, str):
        raise SettingError(
            f"{path}.{TARGET}" if path else TARGET,
            f"must name a class or a function, got {shown(name)}",
        )
    with setting_prefix(path) if path else nullcontext():
        return _target(name)


@cache
def _target(name: str) -> Any:
    """Return the object of a dotted name; thousands of runs name the same ones."""
    try:
        target = get_object(name)
    except Exception as error:  # importing runs the module, which may raise anything
        reason = str(error).splitlines()[-1] if str(error) else type(error).__name__
        raise SettingError(TARGET, f"{name:.200} cannot be imported ({reason:.200})") from error
    if not callable(target) or is_abstract(target):
        kind = "complete class" if callable(target) else "class"
        raise SettingError(TARGET, f"{name} must be a {kind} or a function")
    try:
        parameters(target)
    except (ValueError, TypeError) as error:
        raise SettingError(
            TARGET, f"{name} does not list its arguments; name a function that calls it"
        ) from error
    return target


def _called(target: Any, arguments: Mapping[str, Any], name: str) -> Any:
    """Return what a class or function makes of its arguments."""
    try:
        return target(**arguments)
    except GrokrfmError:
        raise
    except Exception as error:
        raise SettingError(
            "", f"{name} raises {type(error).__name__}: {error!s:.500}; {FULL_ERROR}=1 shows where"
        ) from error


@cache
def parameters(target: Any) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a class or function by name."""
    return inspect.signature(target).parameters


def plumbing(node: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the dotted settings of a node that its classes declare as PLUMBING."""
    prefix = f"{path}." if path else ""
    own = getattr(target_of(node, path), "PLUMBING", ())
    found = [f"{prefix}{key}" for key in own if key in node]
    for key, value in node.items():
        if is_option(value) and key not in own:
            found += plumbing(value, f"{prefix}{key}")
    return found


def mapping(node: Any, path: str) -> dict[str, Any]:
    """Return a node, if it is a mapping."""
    if not isinstance(node, dict):
        raise SettingError(path, f"must be an option, got {shown(node)}; {_choose(path, node)}")
    if wrong := [key for key in node if not isinstance(key, str)]:
        raise SettingError(path, f"must have names as keys, got {shown(wrong[0])}")
    return node


def _choose(path: str, given: Any = None) -> str:
    """Return the remedy where an option is missing: a group of its own name, or its part's.

    Parameters
    ----------
    given   in place of the option; perhaps its name
    """
    root, _, rest = path.partition(".")
    own = rest.rpartition(".")[2]
    group = own if own and (conf_folder() / own).is_dir() else root
    is_name = isinstance(given, str) and (conf_folder() / group / f"{given:.99}.yaml").is_file()
    return f"choose one with {f'{group}@' if rest else ''}{path}={given if is_name else 'NAME'}"


def is_option(value: Any) -> bool:
    """True for a node that describes an object."""
    return isinstance(value, dict) and TARGET in value


def _built(value: Any, expected: Any, path: str, builder: Builder) -> Any:
    """Return the object or the plain value of an argument."""
    if get_origin(expected) is not None:  # a mapping of options, such as the probes
        part, options = get_args(expected)[-1], mapping(value, path)
        if wrong := [key for key, option in options.items() if not is_option(option)]:
            raise SettingError(
                f"{path}.{wrong[0]}", f"must be an option; choose them with {path}=[NAME,NAME]"
            )
        return {key: builder(option, part, f"{path}.{key}") for key, option in options.items()}
    if is_option(value) or expected is not object:
        return builder(value, expected, path)
    return plain_value(path, value)


@cache
def _expected_part(target: Any, key: str) -> Any:
    """Return the class of an argument that must be an option; object for a plain value.

    A mapping whose values must be options is returned as its annotation.
    """
    try:
        annotation = inspect.signature(target, eval_str=True).parameters[key].annotation
    except Exception:  # an annotation is any expression
        return object
    part = annotation
    if isinstance(origin := get_origin(annotation), type) and issubclass(origin, Mapping):
        part = get_args(annotation)[-1]
    return annotation if _is_own_class(part) else object


def _is_own_class(annotation: Any) -> bool:
    """True for a class of an object, as opposed to numbers, texts, containers and no annotation."""
    return isinstance(annotation, type) and annotation.__module__ not in (
        "builtins",
        "typing",
        "collections.abc",
        "pathlib",
        "inspect",
    )
