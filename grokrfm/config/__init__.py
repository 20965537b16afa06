"""From a composed config to the objects of a run."""

from grokrfm.config.choices import check_choice, is_nested
from grokrfm.config.command_line import command_line
from grokrfm.config.errors import cannot_be_composed, readable_hydra_errors, readable_message
from grokrfm.config.node import Builder, build, preset
from grokrfm.config.search import as_flags, searching
from grokrfm.config.settings import (
    SpecMaker,
    build_hardware,
    build_run,
    build_tracker,
    complete,
    compose,
    plain,
    study_folder,
)
from grokrfm.config.studies import (
    check_command_line,
    primary_config,
    search_folders,
    similar_studies,
)

__all__ = [
    "Builder",
    "SpecMaker",
    "as_flags",
    "build",
    "build_hardware",
    "build_run",
    "build_tracker",
    "cannot_be_composed",
    "check_choice",
    "check_command_line",
    "command_line",
    "complete",
    "compose",
    "is_nested",
    "plain",
    "preset",
    "primary_config",
    "readable_hydra_errors",
    "readable_message",
    "search_folders",
    "searching",
    "similar_studies",
    "study_folder",
]
