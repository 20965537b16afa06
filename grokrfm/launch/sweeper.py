"""Hydra's Sweeper: a grid with zipped lists and exclusions, seeds outermost, in one launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from grokrfm.checks import SettingError, shown
from grokrfm.launch.grid import grid
from grokrfm.launch.invocation import invocation, run
from grokrfm.launch.job_returns import Returns


def sweep(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    launcher: Launcher,
    params: Mapping[str, Any],
    zipped: Sequence[Sequence[str]],
    excluded: str | Sequence[str | Mapping[str, Any]],
    arguments: Sequence[str],
) -> list[Any]:
    """Sweep as Sweeper.sweep must: over `params`, a study's own, and over the command line."""
    if not isinstance(params, Mapping):
        raise SettingError(
            "hydra.sweeper.params", f"must be names with their values, got {shown(params)}"
        )
    own = [f"{name}={value}" for name, value in params.items()]
    runs = grid([*own, *arguments], zipped, excluded, context.config_loader)
    if task is not run:  # the plan of a sweep of ours holds more
        folder = Path(str(config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")
    returns = launcher.launch(runs, initial_job_idx=0)
    if task is run and not (isinstance(returns, Returns) or invocation().outcomes):
        invocation().add(returns)
    return [returns]
