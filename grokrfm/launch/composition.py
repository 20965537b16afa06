"""Settings of thousands of runs from Hydra overrides, in seconds.

Hydra composes about ten configs per second. The runs of a sweep differ in few choices of options
and in many values. So Hydra composes each distinct combination of options once, and plain values
are set in copies of the result. Any other override is composed by Hydra, with its own messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import GrokrfmError, SettingError
from grokrfm.config import cannot_be_composed, check_choice, complete, is_nested, plain
from grokrfm.runs.settings import TARGET, Settings, SharedParts


class Composer:
    """Overrides → the plain settings of one run.

    Parameters
    ----------
    loader : ConfigLoader   Hydra's
    master : DictConfig     the config of the sweep
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader, self._master = loader, master
        self._parser = OverridesParser.create()
        self._parsed: dict[str, _Parsed] = {}
        self._bases: dict[tuple[str, ...], _Base | None] = {}
        self._groups: dict[str, bool] = {}
        self._share = SharedParts()

    def settings(self, overrides: Sequence[str]) -> Settings:
        """Return the resolved settings; runs share equal parts, so they must not be changed.

        Raises
        ------
        SettingError, HydraException   as for a run composed by Hydra
        """
        parsed = [self._parse(text) for text in overrides]
        values: dict[str, list[str]] = {}
        for one in parsed:
            if one.is_value:
                values.setdefault(one.path[0], []).append(one.text)
        base = self._base(tuple(one.text for one in parsed if not one.is_value))
        given = {one.override.key_or_group for one in parsed if one.is_value}
        if base is None or base.missing - given:
            return self._share(plain(self.compose(overrides)))
        settings = dict(base.settings)
        for texts in values.values():
            changed = self._changed(base, tuple(texts))
            if changed is None:
                return self._share(plain(self.compose(overrides)))
            settings.update(changed)
        return settings

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the config of one run as Hydra composes it, without its hydra node."""
        return without_hydra(self.compose_with_hydra(overrides))

    def compose_with_hydra(self, overrides: Sequence[str]) -> DictConfig:
        """Return the whole config of one run as Hydra composes it."""
        try:
            return self._loader.load_sweep_config(self._master, list(overrides))
        except HydraException:
            raise
        except Exception as error:  # Hydra checks some values while it uses them
            raise GrokrfmError(cannot_be_composed(overrides, error)) from error

    def _base(self, chosen: tuple[str, ...]) -> _Base | None:
        """Return the settings of a combination of options; None if each run is composed whole.

        Such are settings with interpolations, and those whose composition has something to refuse.
        """
        if chosen not in self._bases:
            config = self.compose(chosen)
            unresolved = OmegaConf.to_container(config, resolve=False)
            self._bases[chosen] = None
            if not _interpolates(unresolved):
                missing = frozenset(OmegaConf.missing_keys(config))
                with suppress(SettingError):
                    self._bases[chosen] = _Base(self._share(complete(unresolved)), missing, {})
        return self._bases[chosen]

    def _changed(self, base: _Base, texts: tuple[str, ...]) -> Settings | None:
        """Return the part of some settings with new values; None if one of them does not fit.

        Parameters
        ----------
        texts   the overrides of one part, such as those of the task
        """
        if texts not in base.changed:
            values = [self._parse(text) for text in texts]
            part = {values[0].path[0]: base.settings.get(values[0].path[0])}
            fits = all(_fits(base.settings, one) for one in values)
            for one in values if fits else ():
                _put(part, base.settings, one.path, one.override.value())
            base.changed[texts] = self._share(part) if fits else None
        return base.changed[texts]

    def _parse(self, text: str) -> _Parsed:
        if text not in self._parsed:
            parsed = self._parser.parse_override(text)
            if self._is_choice(parsed):
                check_choice(parsed)
            path = parsed.key_or_group.split(".")
            self._parsed[text] = _Parsed(text, parsed, path, self._is_value(parsed))
        return self._parsed[text]

    def _is_value(self, override: Override) -> bool:
        """True if an override sets a plain value, not an option of a group."""
        if override.is_add() or override.is_force_add() or override.is_delete():
            return False
        if override.is_sweep_override() or override.is_hydra_override():  # Hydra refuses a sweep
            return False
        return not self._is_choice(override)

    def _is_choice(self, override: Override) -> bool:
        """True if an override chooses an option of a group."""
        key = override.key_or_group
        if is_nested(override):
            return True
        if key not in self._groups:
            given = OmegaConf.to_container(self._master.hydra.overrides.hydra, resolve=False)
            assert isinstance(given, list)
            self._groups[key] = bool(
                self._loader.get_group_options(
                    key,
                    results_filter=None,
                    config_name=self._master.hydra.job.config_name,
                    overrides=list(map(str, given)),
                )
            )
        return self._groups[key]


def without_hydra(config: DictConfig) -> DictConfig:
    """Return a config without its hydra node."""
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


class _Base(NamedTuple):
    """Settings before values are set.

    Parameters
    ----------
    missing   the dotted names of those that must be given
    changed   overrides of one part → the part with their values; None if one does not fit
    """

    settings: Settings
    missing: frozenset[str]
    changed: dict[tuple[str, ...], Settings | None]


class _Parsed(NamedTuple):
    """An override.

    Parameters
    ----------
    path       names from the root of the settings to the one that it sets
    is_value   True if it sets a plain value, False if it chooses an option, for example
    """

    text: str
    override: Override
    path: Sequence[str]
    is_value: bool


def _fits(base: Mapping[str, Any], one: _Parsed) -> bool:
    """True if the value can simply be set: its key exists, and no mapping has to be merged."""
    value = one.override.value()
    if isinstance(value, Mapping) or _interpolates(value):
        return False
    node: Any = base
    *path, last = one.path
    if last == TARGET:  # its settings are others
        return False
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return isinstance(node, dict) and last in node and not isinstance(node[last], dict)


def _put(target: dict[str, Any], base: Mapping[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a value; mappings on its path that are shared with `base` are copied first."""
    key, *rest = path
    if not rest:
        target[key] = value
        return
    if target[key] is base.get(key):
        target[key] = dict(target[key])
    _put(target[key], base.get(key, {}), rest, value)


def _interpolates(value: Any) -> bool:
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, Mapping):
        return any(map(_interpolates, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_interpolates, value))
