"""Makes `study=NAME` an option of the config group `study` for every NAME.

conf/study/ holds prepared studies. Any other name is a study too: one with that name and no
settings of its own. Hydra asks config sources for options, so this is a source that has them all;
conf/config.yaml puts it on the search path of grokrfm, and no other application meets it.
"""

from __future__ import annotations

from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import OmegaConf

GROUP = "study"


class AnyStudy(ConfigSource):
    """A config source with one group, `study`, which has every option."""

    @staticmethod
    def scheme() -> str:
        return "any-study"

    def load_config(self, config_path: str) -> ConfigResult:
        name = config_path.removeprefix(f"{GROUP}/").removesuffix(".yaml")
        config = OmegaConf.create({"name": name, "tables": [], "figures": []})
        return ConfigResult(self.provider, self.full_path(), config, header={"package": None})

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path.rstrip("/") in ("", GROUP)

    def is_config(self, config_path: str) -> bool:
        return config_path.startswith(f"{GROUP}/") and not config_path.endswith("/")

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        wants_groups = results_filter in (None, ObjectType.GROUP)
        return [GROUP] if config_path.strip("/") == "" and wants_groups else []
