"""Workload of the jobs of any Hydra application."""

from __future__ import annotations

import logging
import pickle
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from grokrfm.checks import described
from grokrfm.launch.backend import Backend
from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.worker import Raised
from grokrfm.launch.workload import Batch, Death, Workload
from grokrfm.runs.sweep_folder import SweepFolder

log = logging.getLogger(__name__)

ALONE_SECONDS = 1e6
"""The cost of a foreign Hydra job is unknown: a large value gives each its own scheduler job."""


class JobError(RuntimeError):
    """End of a job whose exception does not reach this process; also the traceback of one."""


class Ended(NamedTuple):
    """End of a job in its worker.

    Parameters
    ----------
    traceback   of its exception, since a pickled exception has none; empty: it has not failed
    """

    job: JobReturn
    seconds: float
    traceback: str = ""

    @staticmethod
    def failed(message: str, detail: str, seconds: float = 0.0) -> Ended:
        """Return the end of a job without an exception that can be pickled."""
        error = JobError(message)
        return Ended(JobReturn(status=JobStatus.FAILED, _return_value=error), seconds, detail)


@dataclass
class HydraWorkload(Workload):
    """Composed configs, each passed to a task function as Hydra does."""

    application: bytes
    configs: Mapping[int, DictConfig]
    ends: dict[int, Ended] = field(default_factory=dict)

    def handler(self) -> bytes:
        return self.application

    def batches(self) -> list[Batch]:
        return [(i,) for i in self.configs if i not in self.ends]

    def item(self, batch: Batch) -> DictConfig:
        return self.configs[batch[0]]

    def on_result(self, batch: Batch, result: Ended | Raised) -> list[Batch]:
        if isinstance(result, Raised):
            result = Ended.failed(result.message, result.traceback)
        self.ends[batch[0]] = result
        return []

    def on_death(self, batch: Batch, death: Death) -> None:
        self.ends[batch[0]] = Ended.failed(death.cause, death.tail)

    def result(self) -> Mapping[int, Ended]:
        return self.ends


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
    log.info("Launching %d jobs (%s)", len(configs), backend.scheduler)
    for number, one in zip(configs, overrides, strict=True):
        log.info("\t#%d : %s", number, " ".join(one))
    jobs = backend.submit(pools, folder)
    ids = ", ".join(job.job_id for job in jobs)
    log.info("Submitted as %s, %d workers each; output in %s", ids, backend.workers, folder.logs)
    ends: dict[int, Ended] = {}
    try:
        for job in jobs:
            for number, end in job.result().items():
                ends[number] = end
                _say(number, end)
    finally:
        for job in jobs:
            job.cancel()
    folder.clean_up()
    return [_job_return(ends[i], one) for i, one in zip(configs, overrides, strict=True)]


def _say(number: int, end: Ended) -> None:
    if end.job.status is JobStatus.FAILED:
        problem = described(end.job._return_value)
        log.error("\t#%d : failed after %.1f s: %s", number, end.seconds, problem)
    else:
        log.info("\t#%d : finished in %.1f s", number, end.seconds)


def _job_return(end: Ended, overrides: Sequence[str]) -> JobReturn:
    """Return the JobReturn of a job; the traceback of its exception becomes the cause of that."""
    job = end.job
    job.overrides = job.overrides if job.overrides is not None else list(overrides)
    if job.status is JobStatus.FAILED:
        job._return_value.__cause__ = JobError(f"in the job\n{end.traceback}")
    return job


class _Application:
    """Handler of a config: Hydra's run_job, in the state Hydra had when it launched."""

    def __init__(self, context: HydraContext, task: TaskFunction, state: Any) -> None:
        self._context, self._task, self._state = context, task, state

    def __call__(self, config: DictConfig, stop_requested: threading.Event) -> Ended:
        Singleton.set_state(self._state)
        setup_globals()
        began = time.monotonic()
        job = run_job(
            hydra_context=self._context,
            task_function=self._task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        seconds = time.monotonic() - began
        if job.status is not JobStatus.FAILED:
            return Ended(job, seconds)
        error = job._return_value
        text = "".join(traceback.format_exception(error))
        sys.stderr.write(text)  # in the log of the worker
        try:
            pickle.loads(cloudpickle.dumps(error))
        except Exception:  # some exceptions cannot be made again from their arguments
            return Ended.failed(f"{type(error).__name__}: {error}", text, seconds)
        return Ended(job, seconds, text)
