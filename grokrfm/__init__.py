"""grokrfm: sweeps of grokking experiments.

The names that a notebook needs are here and are loaded when they are first used:

>>> from grokrfm import preset, tasks
>>> tasks.addition(5).classes
5
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from grokrfm.paths import ConfFinder
from grokrfm.version import __version__

if TYPE_CHECKING:
    from grokrfm import algebra, collect, kernels, probes, splits, tasks
    from grokrfm.checks import GrokrfmError
    from grokrfm.config import build_run, compose, preset
    from grokrfm.experiment import Experiment
    from grokrfm.launch.session import run, sweep
    from grokrfm.runs.features import FeatureSelection
    from grokrfm.runs.learner import Learner, Observation

_PLACES = {
    "algebra": "grokrfm.algebra",
    "collect": "grokrfm.collect",
    "kernels": "grokrfm.kernels",
    "probes": "grokrfm.probes",
    "splits": "grokrfm.splits",
    "tasks": "grokrfm.tasks",
    "build_run": "grokrfm.config",
    "compose": "grokrfm.config",
    "preset": "grokrfm.config",
    "run": "grokrfm.launch.session",
    "sweep": "grokrfm.launch.session",
    "Experiment": "grokrfm.experiment",
    "FeatureSelection": "grokrfm.runs.features",
    "GrokrfmError": "grokrfm.checks",
    "Learner": "grokrfm.runs.learner",
    "Observation": "grokrfm.runs.learner",
}
"""Public name → the module that has it, or that it is."""

__all__ = [
    "Experiment",
    "FeatureSelection",
    "GrokrfmError",
    "Learner",
    "Observation",
    "__version__",
    "algebra",
    "build_run",
    "collect",
    "compose",
    "kernels",
    "preset",
    "probes",
    "run",
    "splits",
    "sweep",
    "tasks",
]

sys.meta_path.append(ConfFinder())

# Threads that wait spin for this many turns, then sleep: enough to lose nothing on a free machine,
# while with the usual 300,000 a run on two threads took twenty times longer whenever another
# process wanted the cores. The OpenMP runtime reads it when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_PLACES[name])
    return module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
