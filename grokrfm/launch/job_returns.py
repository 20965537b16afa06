"""Runs of a sweep as Hydra sees its jobs: their JobReturns, and callbacks as they start and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from grokrfm.launch.composition import Composer, without_hydra
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.outcome import ended


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
        return _job_return(driver, position, _job_config(driver, position, self._composer))


class JobCallbacks:
    """Callbacks of Hydra, called when jobs start and end."""

    def __init__(self, context: HydraContext, task: TaskFunction, composer: Composer) -> None:
        self._callbacks, self._task, self._composer = context.callbacks, task, composer
        self._are_used = any(
            getattr(type(one), name, None) is not getattr(Callback, name)
            for one in context.callbacks.callbacks
            for name in ("on_job_start", "on_job_end")
        )
        self._started: dict[str, DictConfig] = {}
        self._ended: set[str] = set()

    def watch(self, driver: SweepDriver) -> None:
        """Call them for the runs that have started or ended since the last time."""
        if not self._are_used:
            return
        plan = driver.sweep.plan
        for i in sorted(set(range(len(plan))) - set(driver.remaining())):
            digest = plan.digests[i]
            if digest not in self._ended:
                self._ended.add(digest)
                config = self._start(driver, i)
                job = _job_return(driver, i, config)
                self._callbacks.on_job_end(config=config, job_return=job)
        for record in driver.running():
            self._start(driver, plan.index[record.digest])

    def _start(self, driver: SweepDriver, i: int) -> DictConfig:
        digest = driver.sweep.plan.digests[i]
        if digest not in self._started:
            config = self._started[digest] = _job_config(driver, i, self._composer)
            self._callbacks.on_job_start(config=config, task_function=self._task)
        return self._started[digest]


def _job_config(driver: SweepDriver, i: int, composer: Composer) -> DictConfig:
    """Return the config of a run with what Hydra adds for a job."""
    config = composer.compose_with_hydra(driver.sweep.overrides[i])
    with read_write(config), open_dict(config):
        config.hydra.job.num, config.hydra.job.id = i, str(i)
        config.hydra.runtime.output_dir = str(driver.sweep.study)
    return config


def _job_return(driver: SweepDriver, i: int, config: DictConfig) -> JobReturn:
    status, value = ended(driver, driver.sweep.plan.digests[i])
    return JobReturn(
        overrides=list(driver.sweep.overrides[i]),
        cfg=without_hydra(config),
        hydra_cfg=OmegaConf.masked_copy(config, ["hydra"]),
        working_dir=str(driver.sweep.study),
        task_name="grokrfm",
        status=status,
        _return_value=value,
    )
