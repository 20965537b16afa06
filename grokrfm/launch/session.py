"""Runs and sweeps from Python, such as in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grokrfm.config import (
    as_flags,
    check_command_line,
    compose,
    readable_hydra_errors,
    searching,
)
from grokrfm.launch import invocation
from grokrfm.runs.record import Record
from grokrfm.terminal import Terminal


def run(*overrides: str, folders: Sequence[str | Path] = (), primary: str = "config") -> Record:
    """Compute one run in this process, like the command `grokrfm`, and return its record.

    A finished run is not computed again.

    Parameters
    ----------
    overrides   as on the command line, such as "task.modulus=31"
    folders     searched for options besides conf/, as with --config-dir
    primary     name of the primary config

    Raises
    ------
    GrokrfmError   if a setting is invalid, or if the run fails
    """
    with _as_command([*as_flags(folders, primary), *overrides]):
        settings = compose(overrides, folders, primary)
        return invocation.Invocation(Terminal()).compute(settings)


def sweep(*overrides: str, folders: Sequence[str | Path] = (), primary: str = "config") -> Path:
    """Compute every combination of the values, like `grokrfm -m`, and return the study's folder.

    Runs that fail are shown at the end; their records say why.

    Parameters
    ----------
    overrides   as on the command line, such as "task.modulus=23,29" and "seed=range(0,20)"
    folders     searched for options besides conf/, as with --config-dir
    primary     name of the primary config

    Raises
    ------
    GrokrfmError   if a run is invalid; then none is started
    """
    invocation.invocation.cache_clear()
    arguments = [*as_flags(folders, primary), *overrides]
    with _as_command(["-m", *arguments]), searching(folders) as found:
        check_command_line(arguments)
        assert found.hydra is not None
        found.hydra.multirun(primary, invocation.run, list(overrides), with_log_configuration=False)
    return invocation.invocation().studies[-1]


@contextmanager
def _as_command(arguments: Sequence[str]) -> Iterator[None]:
    """Let messages name the command line that does the same."""
    given, sys.argv = sys.argv, ["grokrfm", *arguments]
    try:
        with readable_hydra_errors():
            yield
    finally:
        sys.argv = given
