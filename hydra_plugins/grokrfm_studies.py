"""Places of Hydra's search path wherever grokrfm's configs are composed.

Hydra asks them for an option in their order. In the folders of users, an option has the same place
in the config as those of its group in conf/. The last place answers for every study that no file
describes: a name without settings of its own.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import SupportsIndex

from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath, SearchPathElement
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf

from grokrfm.paths import conf_folder, package_of

PROVIDER, STUDIES = "grokrfm", "grokrfm://studies"
STUDY = re.compile(r"study/([\w.+-]+?)(\.yaml)?")
ABOUT = {"name": "", "tables": [], "figures": []}
"""Settings of a study itself, without those that it chooses for its runs."""


class GrokrfmSearchPath(SearchPathPlugin):
    """Adds the studies without a file where conf/ is searched; elsewhere it adds nothing."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        paths = [one.path.removeprefix("file://") for one in search_path.get_path() if one.path]
        is_searched = any(path == "pkg://grokrfm.conf" or _is_conf(path) for path in paths)
        if not is_searched and Path(sys.argv[0]).stem == "grokrfm":  # --config-path has replaced it
            search_path.append(PROVIDER, f"file://{conf_folder()}")
            is_searched = True
        if is_searched and isinstance(search_path, ConfigSearchPathImpl):
            search_path.config_search_path = StudiesLast(search_path.config_search_path)
            search_path.append(PROVIDER, STUDIES)


class StudiesLast(list[SearchPathElement]):
    """Elements of a search path: the schema last, before it the studies without a file.

    Hydra adds --config-dir and hydra.searchpath later; files there must be found before.
    """

    def append(self, element: SearchPathElement) -> None:
        super().append(_own(element))
        self._order()

    def insert(self, index: SupportsIndex, element: SearchPathElement) -> None:
        super().insert(index, _own(element))
        self._order()

    def _order(self) -> None:
        self.sort(key=lambda one: 2 if one.provider == "schema" else int(one.path == STUDIES))


def _own(element: SearchPathElement) -> SearchPathElement:
    """Return an element of the search path; a folder of a user as a GrokrfmFolder."""
    path = (element.path or "").removeprefix("file://")
    if not path or "://" in path or _is_conf(path):
        return element
    return SearchPathElement(element.provider, f"{GrokrfmFolder.scheme()}://{path}")


def _is_conf(path: str) -> bool:
    return "://" not in path and Path(path).resolve() == conf_folder().resolve()


class GrokrfmFolder(FileConfigSource):
    """Folder of a user: its options need no line # @package, and its studies no name."""

    @staticmethod
    def scheme() -> str:
        return "grokrfm-folder"

    def load_config(self, config_path: str) -> ConfigResult:
        found = super().load_config(config_path)
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        package, config = found.header.get("package"), found.config
        if group == "study" and package in (None, "_global_"):
            about = {**ABOUT, "name": name}
            if package is None and isinstance(config, DictConfig):
                about |= {key: config.pop(key) for key in ABOUT if key in config}
            config = OmegaConf.merge({"study": about}, config)
        place = package or (package_of(group) or "").format(name)
        return replace(found, config=config, header={**found.header, "package": place or None})


class GrokrfmStudies(ConfigSource):
    """Place in which every study has a config."""

    @staticmethod
    def scheme() -> str:
        return "grokrfm"

    def load_config(self, config_path: str) -> ConfigResult:
        named = STUDY.fullmatch(config_path)
        if named is None:
            raise ConfigLoadError(f"Config not found : {config_path}")
        node = OmegaConf.create({**ABOUT, "name": named[1]})
        return ConfigResult(self.provider, self.full_path(), node, {"package": None})

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") in ("", "study")

    def is_config(self, config_path: str) -> bool:
        return STUDY.fullmatch(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return ["study"] if not config_path and results_filter is not ObjectType.CONFIG else []
