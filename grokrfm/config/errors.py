"""Readable messages for errors of Hydra."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError
from yaml import MarkedYAMLError

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.config.studies import primary_groups, search_folders


@contextmanager
def readable_hydra_errors() -> Iterator[None]:
    """Turn errors of Hydra into GrokrfmErrors with readable messages."""
    try:
        yield
    except (HydraException, MarkedYAMLError) as error:
        raise GrokrfmError(readable_message(error)) from error


def readable_message(error: Exception) -> str:
    """Return the message for an error of Hydra, or of a folder that it makes."""
    if isinstance(error, GrokrfmError):
        return str(error)
    cause = error.__cause__
    if isinstance(error, OverrideParseException):
        return _not_understood(error)
    if isinstance(error, MissingConfigException) and "/" in str(error.missing_cfg_file):
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        files = (
            path
            for folder in search_folders(sys.argv[1:])
            for path in folder.glob(f"{group}/*.yaml")
        )
        options = error.options or {path.stem for path in files}
        return f"{group}={option}: there is no such option; {nearest(option, options)}"
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)) and isinstance(
        cause.parent_node, DictConfig
    ):
        return _no_such_setting(str(cause.full_key), str(cause.key), cause.parent_node)
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        return f"{error.filename or 'outputs'}: {error.strerror or error}"
    if not isinstance(error, HydraException):  # Hydra's checks raise ValueError without the name
        return cannot_be_composed(sys.argv[1:], error)
    text = str(error).partition("Config search path")[0].strip()
    if found := re.match(r"Could not override '([^']+)'", text):
        return _no_such_choice(found[1])
    if found := re.match(r"Multiple values for (\S+)\.", text):
        return f"{found[1]}: an option is chosen already; write {found[1]}=NAME, without +"
    if found := re.match(r"Ambiguous value for argument '(.+)'\n", text):
        return f"{found[1]}: several values are a sweep, which needs -m; a list is in brackets"
    if text.startswith("Error merging override ") and cause is not None:
        reason = str(cause).splitlines()[0]
        return f"{text.removeprefix('Error merging override ')}: cannot be set ({reason})"
    return text


def cannot_be_composed(overrides: Sequence[str], error: Exception) -> str:
    """Return the message for an error that Hydra does not expect itself."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"{mark.name}: line {mark.line + 1} is not valid YAML ({error.problem})"
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return f"{' '.join(overrides):.500}: cannot be composed ({reason})"


def _not_understood(error: OverrideParseException) -> str:
    """Return the message for an override that is not written in Hydra's grammar."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith("See ")]
    reason = lines[-1].strip()
    hint = "write group=option or setting=value"
    if "LexerNoViableAlt" in str(error):
        reason = "it has a character that must be quoted"
        name, _, value = error.override.partition("=")
        hint = f"""write '{name}="{value}"'""" + (", or ** for ^" if "^" in value else "")
    return f"{error.override:.500}: not understood ({reason:.200}); {hint}"


def _no_such_setting(name: str, key: str, parent: DictConfig) -> str:
    known = {str(one) for one in parent} - {"_target_", "name", "hydra"}
    group = name.rpartition(".")[0]
    if not group:  # perhaps one below the root
        deeper = [f"{node}.{key}" for node in sorted(known) if key in _keys(parent, node)]
        hint = f"did you mean {deeper[0]}?" if deeper else nearest(key, known)
    elif places := [place for place in _places() if place.part == name]:
        hint = f"write {_with_option(places)}"
    else:
        option = parent.get("name") or parent.get("_target_")
        hint = nearest(key, known) if known else f"{option} has none"
    return f"{name}: there is no such setting; {hint}"


def _keys(config: DictConfig, node: str) -> Collection[str]:
    value = config._get_node(node)
    return [str(key) for key in value] if isinstance(value, DictConfig) else []


def _no_such_choice(choice: str) -> str:
    """Return the message for a group of which the config chooses no option."""
    group = choice.partition("@")[0]
    places = [place for place in _places() if place.group == group]
    hint = f"write {_with_option(places)}" if places else "it is no group of this config"
    return f"{choice}: nothing has an option of this group; {hint}"


class _Place(NamedTuple):
    """Part of an option that is an option itself, such as the base of split=moved."""

    group: str
    part: str
    option: str


def _places() -> Iterator[_Place]:
    """Yield the places for options in options of the groups that this primary config has."""
    chosen = primary_groups(sys.argv[1:])
    for folder in search_folders(sys.argv[1:]):
        for path in sorted(folder.glob("*/*.yaml")):
            own = path.parent.name
            if own in chosen:  # else of another learner
                text = path.read_text(encoding="utf-8", errors="replace")
                for group, part in re.findall(r"^ *- /(\w+)@(\w+):", text, re.MULTILINE):
                    yield _Place(group, f"{own}.{part}", f"{own}={path.stem}")


def _with_option(places: Iterable[_Place]) -> str:
    """Return the ways to write a choice for some places."""
    return ", or ".join(f"{one.group}@{one.part}=NAME with {one.option}" for one in places)
