"""The command `grokrfm`: the only @hydra.main."""

from __future__ import annotations

import signal

# Ctrl-C while torch is imported just ends the process; `main` handles it afterwards.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from typing import Any

import hydra
from hydra.errors import HydraException

from grokrfm.checks import FULL_ERROR, GrokrfmError
from grokrfm.command import VERSION, print_version
from grokrfm.config import check_command_line, primary_config, readable_message, search_folders
from grokrfm.launch.invocation import Invocation, invocation, run
from grokrfm.launch.outcome import RunError
from grokrfm.manual import manual
from grokrfm.paths import conf_folder, import_from
from grokrfm.runs.record import Names
from grokrfm.runs.settings import Settings
from grokrfm.text import log_to_stderr

HELP = {"--help", "-h"}


def main() -> None:
    """Entry point: a user's mistake ends in its message and exit code 1, without a traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if VERSION in sys.argv[1:]:
        print_version()
        return
    if HELP & set(sys.argv[1:]) and (text := _help(sys.argv[1:])):
        sys.stdout.write(f"{text}\n")
        return
    sys.argv[1:] = _flags_first(sys.argv[1:])
    import_from(search_folders(sys.argv[1:])[:-1])
    log_to_stderr()
    logging.getLogger("hydra.utils").disabled = True  # the gate's own message is clearer
    invocation().precheck = _precheck
    with redirect_stderr(_WithoutHydrasLine()):
        code = _run(invocation())
    gc.freeze()  # else the interpreter takes half a second to look for garbage at its end
    sys.exit(code)


def _help(arguments: Sequence[str]) -> str:
    """Return the help text; none if there is no such primary config, which Hydra then names."""
    folders, primary = search_folders(arguments), primary_config(arguments)
    there = any((folder / f"{primary}.yaml").is_file() for folder in folders)
    return manual(folders, primary) if there else ""


def _run(invocation: Invocation) -> int:
    wants_traceback = FULL_ERROR in os.environ
    os.environ[FULL_ERROR] = "1"  # errors come here as they are, instead of printed by Hydra
    command = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")
    try:
        check_command_line(sys.argv[1:])
        command(run)()
    except Exception as error:
        expected = (HydraException, GrokrfmError, OSError)
        composing = not invocation.started or isinstance(error, expected)
        if not (wants_traceback or composing) and invocation.has_only_failures:
            return invocation.close()  # a search has nothing to choose from
        if wants_traceback or not composing:
            raise
        if not (invocation.alone and isinstance(error, RunError)):  # else it was shown
            invocation.terminal.problem(readable_message(error))
        return 1
    except KeyboardInterrupt:
        invocation.terminal.problem(
            "interrupted; finished runs are kept, the same command computes the remaining ones"
        )
        return 130
    return invocation.close()


def _precheck(runs: Sequence[Settings], names: Names) -> None:
    """Check the tables and figures that runs name, before anything is computed."""
    study = runs[0]["study"]
    if study.get("tables") or study.get("figures"):
        from grokrfm.collect.precheck import precheck  # pandas and matplotlib are slow to import

        for remark in precheck(runs, names, search_folders(sys.argv[1:])[:-1]):
            invocation().terminal.say(remark)


def _flags_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with all overrides last; Hydra refuses them on both sides of a flag."""
    with_value = ("-cn", "-cd", "-cp", "--config-name", "--config-dir", "--config-path")
    flags: list[str] = []
    overrides: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        is_override = "=" in argument and not argument.startswith("-") and before not in with_value
        (overrides if is_override or argument.startswith("~") else flags).append(argument)
    return flags + overrides


class _WithoutHydrasLine:
    """Standard error without the line that Hydra writes before it raises the error of a run."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str) -> int:
        if text.startswith("Error executing job with overrides") and invocation().alone:
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
