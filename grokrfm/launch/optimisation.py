"""Optimisation: a sweep by a sweeper of others that searches for the best settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from grokrfm.checks import GrokrfmError
from grokrfm.config import readable_message
from grokrfm.launch.composition import Composer
from grokrfm.launch.driver import SweepDriver
from grokrfm.launch.invocation import invocation
from grokrfm.launch.job_returns import Returns
from grokrfm.launch.planning import plan_sweeps

ENUMERATING = (
    "hydra_plugins.grokrfm_sweep.GrokrfmSweeper",
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
)
"""Sweepers that launch all their runs; others ask for some trials, look, and ask for more."""

RESULTS = "optimization_results.yaml"
"""File in hydra.sweep.dir to which the sweepers of Optuna, Ax and Nevergrad write."""

TOLERANCE = "max_failure_rate"
"""Setting of these sweepers: the share of failed trials that does not end the search."""


def optimises(config: DictConfig) -> bool:
    """True if the sweeper of a config chooses its runs by the results of earlier ones."""
    return config.hydra.sweeper.get("_target_") not in ENUMERATING


class Optimisation(Callback):
    """Callback of Hydra that lets a search go on after failed trials, and prints its result."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        if not optimises(config):
            return
        self._written_before = _written(config)
        sweeper, given = config.hydra.sweeper, map(str, config.hydra.overrides.hydra)
        if TOLERANCE in sweeper and not any(f"hydra.sweeper.{TOLERANCE}=" in one for one in given):
            sweeper[TOLERANCE] = 1.0

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        if optimises(config) and _written(config) != self._written_before:
            results = yaml.safe_load(_path(config).read_text(encoding="utf-8"))
            invocation().optimised(results, _path(config))


def launch_trials(
    composer: Composer,
    config: DictConfig,
    overrides: Sequence[Sequence[str]],
    watch: Callable[[SweepDriver], None],
) -> list[JobReturn]:
    """Run trials of a search; a refused one is a failed one, and the others are run."""
    Path(str(config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)  # sweepers write there
    jobs: dict[int, JobReturn] = {}
    for i, one in enumerate(overrides):
        try:
            plan_sweeps(composer.settings, [one])
        except (GrokrfmError, HydraException) as error:
            refused = GrokrfmError(readable_message(error))
            jobs[i] = JobReturn(one, status=JobStatus.FAILED, _return_value=refused)
    valid = [i for i in range(len(overrides)) if i not in jobs]
    if valid:
        chosen = [overrides[i] for i in valid]
        drivers, positions = invocation().sweep(composer.settings, chosen, watch, trials=True)
        jobs |= zip(valid, Returns(drivers, positions, composer), strict=True)
    returns = [jobs[i] for i in range(len(overrides))]
    given = {str(one) for one in config.hydra.overrides.task}
    for one, job in zip(overrides, returns, strict=True):
        varied = " ".join(text for text in one if text not in given)
        value = job._return_value
        invocation().terminal.say(f"trial {varied}: {value}")
    invocation().add(returns)
    return returns


def _path(config: DictConfig) -> Path:
    return Path(str(config.hydra.sweep.dir)) / RESULTS


def _written(config: DictConfig) -> int | None:
    """Return when the results were written, in nanoseconds; None if there are none."""
    path = _path(config)
    return path.stat().st_mtime_ns if path.is_file() else None
