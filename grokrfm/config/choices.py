"""Choices of options on the command line that Hydra would take for another, or for none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from grokrfm.checks import SettingError, shown
from grokrfm.paths import package_of

LONGEST = 200
"""Characters of a name; a file system has a limit."""

OWN_PLACE = b"# @package"
"""Begin of an option that does not replace the others of its group, such as a probe."""


def check_choices(arguments: Sequence[str], folders: Sequence[Path]) -> None:
    """Refuse the choices of a command line that cannot be meant.

    Parameters
    ----------
    folders   searched for configs

    Raises
    ------
    SettingError   naming the choice and the remedy
    """
    parser = OverridesParser.create()
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = parser.parse_override(argument)
        except HydraException:
            continue  # a value of a flag, or refused with its reason when Hydra composes
        group = override.key_or_group
        is_folder = len(group) <= LONGEST and any((one / group).is_dir() for one in folders)
        if is_nested(override) or is_folder:
            check_choice(override)
            _check_list(override, folders)


def is_nested(override: Override) -> bool:
    """True if only a choice of an option can be written so, as in hydra/launcher=basic."""
    return override.package is not None or "/" in override.key_or_group


def check_choice(override: Override) -> None:
    """Refuse an override of a config group that names no option.

    Raises
    ------
    SettingError   naming the choice and the remedy
    """
    value = override.value()
    if override.is_sweep_override() or (override.is_delete() and value is None):
        return
    if isinstance(value, dict):  # settings, not an option
        return
    written, group = str(override.input_line), override.get_key_element()
    if override.is_force_add():
        raise SettingError(shown(written), f"++ chooses no option; write {group.lstrip('+')}=NAME")
    for name in value if isinstance(value, list) else [value]:
        if not isinstance(name, str):
            raise SettingError(
                written, f"the name of an option must begin with a letter, got {shown(name)}"
            )
        if max(len(name), len(group)) > LONGEST:
            raise SettingError(
                f"{group:.40}", f"a name must have at most {LONGEST} characters, got {shown(name)}"
            )


def _check_list(override: Override, folders: Sequence[Path]) -> None:
    """Refuse a list of options of which the last would replace all others."""
    group, value = override.key_or_group, override.value()
    if override.is_sweep_override() or not isinstance(value, list) or len(value) < 2:
        return
    for path in (folder / group / f"{name}.yaml" for name in value for folder in folders):
        if path.is_file() and not (package_of(group) or path.read_bytes().startswith(OWN_PLACE)):
            raise SettingError(
                str(override.input_line),
                f"must be one option; -m {override.get_key_element()}={','.join(value)} runs each",
            )
