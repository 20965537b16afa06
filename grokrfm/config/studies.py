"""Studies and the folders in which their configs are searched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Any

from grokrfm.checks import SettingError, plain_value, shown
from grokrfm.config.choices import LONGEST, check_choices
from grokrfm.paths import conf_folder

GROUP = "study"


def check_command_line(arguments: Sequence[str]) -> None:
    """Refuse the choices of a command line that Hydra would not understand.

    Raises
    ------
    SettingError   if the name of a study is not that of a folder, or a choice is that of no option
    """
    check_choices(arguments, search_folders(arguments))
    for argument in arguments:
        if "/" in argument and argument.startswith(f"{GROUP}="):
            check_study_name(argument.removeprefix(f"{GROUP}="))


def similar_studies(study: Path, arguments: Sequence[str]) -> list[str]:
    """Return the described studies whose names a new one without description resembles."""
    files = [path for one in search_folders(arguments) for path in one.glob(f"{GROUP}/*.yaml")]
    described = {path.stem for path in files}
    if study.exists() or study.name in described:
        return []
    return get_close_matches(study.name, sorted(described), cutoff=0.75)


def search_folders(arguments: Sequence[str]) -> list[Path]:
    """Return the folders in which Hydra looks for configs, conf/ last."""
    return [*_folders(arguments), conf_folder()]


def check_study_name(name: object) -> str:
    """Return the name of a study, if it can be that of a folder."""
    valid = isinstance(name, (str, int)) and re.fullmatch(r"\w[\w.+-]*", str(name))
    if not valid or len(str(name).encode()) > LONGEST:
        raise SettingError(
            "study.name",
            f"must be a plain folder name (letters, digits, . _ + -; at most {LONGEST} bytes),"
            f" got {shown(name)}",
        )
    return str(name)


def check_study(study: Mapping[str, Any]) -> str:
    """Return the name of a study, if its other settings are valid too."""
    for key in ("tables", "figures"):
        listed = study.get(key, [])
        if not isinstance(listed, (list, str)) or not all(isinstance(one, str) for one in listed):
            raise SettingError(f"study.{key}", f"must be a list of names, got {shown(listed)}")
    plain_value("study", study)
    return check_study_name(study.get("name"))


def primary_config(arguments: Sequence[str]) -> str:
    """Return the name of the primary config of a command line."""
    named = [value for flag, value in _flags(arguments) if flag in ("--config-name", "-cn")]
    return named[-1] if named else "config"


def primary_groups(arguments: Sequence[str]) -> set[str]:
    """Return the groups of which the primary config of a command line chooses an option."""
    file = f"{primary_config(arguments)}.yaml"
    paths = [folder / file for folder in search_folders(arguments) if (folder / file).is_file()]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths[:1]]
    return {group for text in texts for group in re.findall(r"^ *- (\w+):", text, re.MULTILINE)}


def _folders(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the folders that a command line names."""
    for flag, value in _flags(arguments):
        if flag in ("--config-dir", "-cd", "--config-path", "-cp"):
            yield Path(value)
        elif flag == "hydra.searchpath":
            for entry in re.split(r"[\[\],]", value):
                yield Path(entry.strip(" '\"").removeprefix("file://"))


def _flags(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield every word up to its =, and its value: the rest of it, or the next word."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        flag, _, value = argument.partition("=")
        yield flag, value or following
