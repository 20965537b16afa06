"""From a composed config to the objects of a run."""

from grokrfm.config.node import build, preset
from grokrfm.config.settings import (
    Plan,
    Settings,
    build_experiment,
    build_hardware,
    build_spec,
    build_split,
    complete,
    compose,
    plain,
    plan,
    plan_of_settings,
    study_folder,
)

__all__ = [
    "Plan",
    "Settings",
    "build",
    "build_experiment",
    "build_hardware",
    "build_spec",
    "build_split",
    "complete",
    "compose",
    "plain",
    "plan",
    "plan_of_settings",
    "preset",
    "study_folder",
]
