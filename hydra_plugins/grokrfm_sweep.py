"""Hydra finds launchers and sweepers here; their work is in grokrfm.launch.

Nothing heavy is imported before it is used, since Hydra imports every plugin of an environment
whenever any application starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from grokrfm.paths import conf_folder


class GrokrfmLauncher(Launcher):
    """Runs jobs on this machine, or on a SLURM cluster.

    Parameters
    ----------
    backend   a node of grokrfm's config group `hardware`
    """

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from grokrfm.launch.launcher import launch

        return launch(
            self.context, self.task, self.config, self.backend, job_overrides, initial_job_idx
        )


class GrokrfmSweeper(Sweeper):
    """Sweeps over a grid, with zipped lists and exclusions, in one launch.

    Parameters
    ----------
    params    name → values in Hydra's grammar, as for Hydra's basic sweeper
    zip       lists of names that advance together
    exclude   mappings name → value, or conditions; a run that matches one is excluded
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        zip: Sequence[Sequence[str]],
        exclude: str | Sequence[str | Mapping[str, Any]],
    ) -> None:
        self.params, self.zip, self.exclude = params, zip, exclude

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        from hydra.core.plugins import Plugins

        self.hydra_context, self.task, self.config = hydra_context, task_function, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from grokrfm.launch.sweeper import sweep

        plain = [
            OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
            for node in (self.params, self.zip, self.exclude)
        ]
        assert self.hydra_context and self.config and self.launcher
        context, launcher = self.hydra_context, self.launcher
        return sweep(context, self.task, self.config, launcher, *plain, arguments)


def _store(group: str, name: str, **node: Any) -> None:
    ConfigStore.instance().store(
        group=f"hydra/{group}",
        name=name,
        node={"_target_": f"{__name__}.Grokrfm{group.title()}", "_recursive_": False, **node},
        provider="grokrfm",
    )


def _hardware(option: str) -> Any:
    """Return the node of an option of conf/hardware/."""
    return OmegaConf.load(conf_folder() / "hardware" / f"{option}.yaml")


_store("launcher", "grokrfm", backend="${hardware}")  # of grokrfm itself
_store("launcher", "grokrfm_local", backend=_hardware("cpu"))  # of any Hydra application
_store("launcher", "grokrfm_slurm", backend=_hardware("slurm"))
_store("sweeper", "grokrfm", params={}, zip=[], exclude=[])
