"""From a composed config to the objects of a run."""

from grokrfm.config.errors import readable_hydra_errors, readable_message
from grokrfm.config.node import Builder, build, preset
from grokrfm.config.settings import (
    build_hardware,
    build_run,
    complete,
    compose,
    plain,
    study_folder,
)
from grokrfm.config.studies import register_studies, search_folders

__all__ = [
    "Builder",
    "build",
    "build_hardware",
    "build_run",
    "complete",
    "compose",
    "plain",
    "preset",
    "readable_hydra_errors",
    "readable_message",
    "register_studies",
    "search_folders",
    "study_folder",
]
