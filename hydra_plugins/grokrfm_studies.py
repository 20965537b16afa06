"""The option `study=NAME` for every NAME, wherever grokrfm's configs are composed.

Hydra asks the places of its search path for an option in their order. The last place answers for
every study that no file describes: a name without settings of its own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import SupportsIndex

from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.config_search_path import ConfigSearchPath, SearchPathElement
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from grokrfm.paths import conf_folder

PROVIDER, STUDIES = "grokrfm", "grokrfm://studies"
STUDY = re.compile(r"study/([\w.+-]+?)(\.yaml)?")


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
        super().append(element)
        self._order()

    def insert(self, index: SupportsIndex, element: SearchPathElement) -> None:
        super().insert(index, element)
        self._order()

    def _order(self) -> None:
        self.sort(key=lambda one: 2 if one.provider == "schema" else int(one.path == STUDIES))


def _is_conf(path: str) -> bool:
    return "://" not in path and Path(path).resolve() == conf_folder().resolve()


class GrokrfmStudies(ConfigSource):
    """Place in which every study has a config."""

    @staticmethod
    def scheme() -> str:
        return "grokrfm"

    def load_config(self, config_path: str) -> ConfigResult:
        named = STUDY.fullmatch(config_path)
        if named is None:
            raise ConfigLoadError(f"Config not found : {config_path}")
        node = OmegaConf.create({"name": named[1], "tables": [], "figures": []})
        return ConfigResult(self.provider, self.full_path(), node, {"package": None})

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") in ("", "study")

    def is_config(self, config_path: str) -> bool:
        return STUDY.fullmatch(config_path) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return ["study"] if not config_path and results_filter is not ObjectType.CONFIG else []
