"""Workload of the jobs of any Hydra application."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from grokrfm.launch.backend import Backend
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.worker import Raised
from grokrfm.launch.workload import Batch, Death, Workload
from grokrfm.runs.sweep_folder import SweepFolder

ALONE_SECONDS = 1e6
"""The cost of a foreign Hydra job is unknown: a large value gives each its own scheduler job."""


class JobError(RuntimeError):
    """Death of a job without an exception of its own."""


@dataclass
class HydraWorkload(Workload):
    """Composed configs, each passed to a task function as Hydra does."""

    application: bytes
    configs: Mapping[int, DictConfig]
    returns: dict[int, JobReturn] = field(default_factory=dict)

    def handler(self) -> bytes:
        return self.application

    def batches(self) -> list[Batch]:
        return [(i,) for i in self.configs if i not in self.returns]

    def item(self, batch: Batch) -> DictConfig:
        return self.configs[batch[0]]

    def on_result(self, batch: Batch, result: JobReturn | Raised) -> list[Batch]:
        if isinstance(result, Raised):
            error = JobError(f"{result.message}\n{result.traceback}")
            result = JobReturn(status=JobStatus.FAILED, _return_value=error)
        self.returns[batch[0]] = result
        return []

    def on_death(self, batch: Batch, death: Death) -> None:
        error = JobError(f"{death.cause}\n{death.tail}")
        self.returns[batch[0]] = JobReturn(status=JobStatus.FAILED, _return_value=error)

    def result(self) -> Mapping[int, JobReturn]:
        return self.returns


def launch(
    backend: Backend,
    context: HydraContext,
    task: TaskFunction,
    master: DictConfig,
    overrides: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Run jobs on a backend, wait, and return their results as Hydra's own launcher does."""
    backend = backend.resolved()
    application = cloudpickle.dumps(_Application(context, task, Singleton.get_state()))
    configs: dict[int, DictConfig] = {}
    for number, one in enumerate(overrides, first):
        config = context.config_loader.load_sweep_config(master, list(one))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        configs[number] = config
    folder = SweepFolder.new(Path(str(master.hydra.sweep.dir)).absolute() / ".grokrfm")
    folder.path.mkdir(parents=True, exist_ok=True)
    pools = [
        WorkerPool(HydraWorkload(application, {i: configs[i] for i in part}), backend, folder.logs)
        for part in backend.jobs(list(configs), [ALONE_SECONDS for _ in configs])
    ]
    returns: dict[int, JobReturn] = {}
    jobs = backend.submit(pools, folder)
    try:
        for job in jobs:
            returns |= job.result()
    finally:
        for job in jobs:
            job.cancel()
    folder.clean_up()
    return [returns[number] for number in configs]


class _Application:
    """Handler of a config: Hydra's run_job, in the state Hydra had when it launched."""

    def __init__(self, context: HydraContext, task: TaskFunction, state: Any) -> None:
        self._context, self._task, self._state = context, task, state

    def __call__(self, config: DictConfig, stop_requested: threading.Event) -> JobReturn:
        Singleton.set_state(self._state)
        setup_globals()
        return run_job(
            hydra_context=self._context,
            task_function=self._task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
