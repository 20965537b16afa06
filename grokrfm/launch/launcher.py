"""Hydra's Launcher: the runs of a study, or the jobs of any other application, on a backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from grokrfm.config import build
from grokrfm.launch import hydra_workload
from grokrfm.launch.backend import Backend
from grokrfm.launch.composition import Composer
from grokrfm.launch.invocation import invocation, run
from grokrfm.launch.job_returns import JobCallbacks, Returns
from grokrfm.launch.optimisation import launch_trials, optimises


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
    composer = Composer(context.config_loader, config)
    watch = JobCallbacks(context, task, composer).watch
    if optimises(config):
        return launch_trials(composer, config, overrides, watch)
    drivers, positions = invocation().sweep(composer.settings, overrides, watch)
    return Returns(drivers, positions, composer)
