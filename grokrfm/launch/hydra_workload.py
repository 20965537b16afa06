"""The jobs of any Hydra application as the work of a pool."""

from __future__ import annotations

import shutil
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

from grokrfm.launch.jobs import SUBMITIT
from grokrfm.launch.pool import Batch, Death, WorkerPool
from grokrfm.launch.worker import Raised

ALONE_SECONDS = 1e6
"""Nothing is known of a job's cost; as so dear a one it gets a scheduler's job of its own."""


class JobError(RuntimeError):
    """A job died without an exception of its own."""


@dataclass
class HydraWorkload:
    """Composed configs, each given to a task function as Hydra would."""

    application: bytes
    configs: Mapping[int, DictConfig]
    answers: dict[int, JobReturn] = field(default_factory=dict)

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    def handler(self) -> bytes:
        return self.application

    def batches(self) -> list[Batch]:
        return [(i,) for i in self.configs if i not in self.answers]

    def item(self, batch: Batch) -> DictConfig:
        return self.configs[batch[0]]

    def seconds(self, batch: Batch) -> float:
        return 1.0

    def limit(self, batch: Batch) -> float | None:
        return None

    def on_result(self, batch: Batch, answer: JobReturn | Raised) -> list[Batch]:
        if isinstance(answer, Raised):
            error = JobError(f"{answer.type}: {answer.message}\n{answer.traceback}")
            answer = JobReturn(status=JobStatus.FAILED, _return_value=error)
        self.answers[batch[0]] = answer
        return []

    def on_death(self, batch: Batch, death: Death) -> None:
        error = JobError(f"{death.cause}\n{death.tail}")
        self.answers[batch[0]] = JobReturn(status=JobStatus.FAILED, _return_value=error)

    def stopped(self) -> bool:
        return False

    def on_error(self, error: Exception) -> None:
        pass

    def result(self) -> Mapping[int, JobReturn]:
        return self.answers


def launch(
    place: Any,
    context: HydraContext,
    task: TaskFunction,
    master: DictConfig,
    overrides: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Run jobs at a place and wait for them; what they return is as from Hydra's own launcher."""
    application = cloudpickle.dumps(_Application(context, task, Singleton.get_state()))
    configs: dict[int, DictConfig] = {}
    for number, one in enumerate(overrides, first):
        config = context.config_loader.load_sweep_config(master, list(one))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        configs[number] = config
    folder = Path(str(master.hydra.sweep.dir)).absolute() / ".grokrfm"
    folder.mkdir(parents=True, exist_ok=True)
    parts = place.jobs(list(configs), [ALONE_SECONDS for _ in configs])
    pools = [
        WorkerPool(
            HydraWorkload(application, {i: configs[i] for i in part}),
            place.slots_of_a_job(),
            folder / "logs",
            None,
            None,
        )
        for part in parts
    ]
    answers: dict[int, JobReturn] = {}
    jobs = place.submit(pools, folder)
    try:
        for job in jobs:
            answers |= job.result()
    finally:
        for job in jobs:
            job.cancel()
    shutil.rmtree(folder / SUBMITIT)
    return [answers[number] for number in configs]


class _Application:
    """What a worker does with a config: Hydra's run_job, in the state Hydra had when launching."""

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
