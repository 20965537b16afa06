"""Hydra's Launcher: the runs of a study, or the jobs of any other application, on a backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from grokrfm.config import build
from grokrfm.launch import hydra_workload
from grokrfm.launch.backend import Backend
from grokrfm.launch.composition import Composer, without_hydra
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.invocation import ended, invocation, run

ENUMERATING = (
    "hydra_plugins.grokrfm_sweep.GrokrfmSweeper",
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
)
"""Sweepers that launch all their runs at once; others ask for some, look, and ask for more."""


def launch(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    backend: Any,
    overrides: Sequence[Sequence[str]],
    first: int,
) -> Sequence[JobReturn]:
    """Launch jobs as Launcher.launch must; `backend` is the launcher's own node."""
    if task is not run:
        node = OmegaConf.to_container(backend, resolve=True)
        built = build(node, Backend, "hydra.launcher.backend")
        built.check()
        return hydra_workload.launch(built, context, task, config, overrides, first)
    invocation().started = True
    if config.hydra.sweeper.get("_target_") not in ENUMERATING:  # it writes its results there
        Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
    composer = Composer(context.config_loader, config)
    drivers, positions = invocation().sweep(composer.settings, overrides)
    returns = Returns(drivers, positions, composer)
    if config.hydra.callbacks:
        for job in returns:
            assert job.hydra_cfg is not None
            context.callbacks.on_job_start(config=job.hydra_cfg, task_function=task)
            context.callbacks.on_job_end(config=job.hydra_cfg, job_return=job)
    return returns


class Returns(Sequence[JobReturn]):
    """JobReturns of the runs of a sweep, made when they are read; tens of thousands fit."""

    def __init__(
        self,
        drivers: Sequence[SweepDriver],
        positions: Sequence[tuple[int, int]],
        composer: Composer,
    ) -> None:
        self._drivers, self._positions, self._composer = drivers, positions, composer

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, index: int) -> JobReturn: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[JobReturn]: ...
    def __getitem__(self, index: int | slice) -> JobReturn | Sequence[JobReturn]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number, position = self._positions[index]
        driver = self._drivers[number]
        sweep = driver.sweep
        config = self._composer.compose_with_hydra(sweep.overrides[position])
        status, value = ended(driver, sweep.plan.digests[position])
        return JobReturn(
            overrides=list(sweep.overrides[position]),
            cfg=without_hydra(config),
            hydra_cfg=OmegaConf.masked_copy(config, ["hydra"]),
            working_dir=str(sweep.study),
            task_name="grokrfm",
            status=status,
            _return_value=value,
        )
