"""The command `grokrfm`: the only @hydra.main."""

from __future__ import annotations

import os
import signal

# Threads that wait spin for this many turns, then sleep: enough to lose nothing on a free machine,
# while with the usual 300,000 a run on two threads took twenty times longer whenever another
# process wanted the cores. The OpenMP runtime reads it when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# Ctrl-C while torch is imported just ends the process; `main` takes it up from there.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from grokrfm.checks import GrokrfmError, nearest
from grokrfm.launch.invocation import Invocation
from grokrfm.manual import manual
from grokrfm.paths import conf_folder
from grokrfm.terminal import Terminal

FULL_ERROR = "HYDRA_FULL_ERROR"


def main() -> None:
    """Entry point: a user's mistake ends in its message and exit code 1, without a traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.basicConfig(format="%(levelname)s: %(message)s")
    logging.getLogger("hydra.utils").disabled = True  # it logs what the gate says better
    scratch = Path(tempfile.gettempdir()) / f"grokrfm-{os.getuid()}"
    OmegaConf.register_new_resolver("grokrfm.manual", lambda: manual(conf_folder()), replace=True)
    OmegaConf.register_new_resolver("grokrfm.scratch", lambda: str(scratch), replace=True)
    sys.exit(_run(Invocation(Terminal())))


def _run(invocation: Invocation) -> int:
    wants_traceback = FULL_ERROR in os.environ
    os.environ[FULL_ERROR] = "1"  # errors come here as they are, instead of printed by Hydra
    command = hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")
    try:
        command(invocation.run)()
    except Exception as error:
        expected = (HydraException, GrokrfmError, OSError)
        composing = not invocation.started or isinstance(error, expected)
        if wants_traceback or not composing:
            raise
        invocation.terminal.problem(_message(error))
        return 1
    except KeyboardInterrupt:
        invocation.terminal.problem(
            "interrupted; what has finished is kept, the same command does the rest"
        )
        return 130
    return invocation.close()


@contextmanager
def explained() -> Iterator[None]:
    """Turn what Hydra refuses into a GrokrfmError with its message."""
    try:
        yield
    except HydraException as error:
        raise GrokrfmError(_message(error)) from error


def _message(error: Exception) -> str:
    """An error of Hydra's, or of a folder it makes, in the words of this project."""
    if isinstance(error, GrokrfmError):
        return str(error)
    cause = error.__cause__
    if isinstance(error, OverrideParseException):
        reason = str(error).splitlines()[0]
        return f"{error.override}: not understood ({reason}); write group=option or setting=value"
    if isinstance(error, MissingConfigException) and error.options:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={option}: there is no such option; {nearest(option, error.options)}"
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)) and cause.parent_node is not None:
        known = {str(key) for key in cause.parent_node} - {"_target_", "name", "hydra"}
        group = str(cause.full_key).rpartition(".")[0]
        option = f"{group}={cause.parent_node.get('name')}"
        hint = nearest(str(cause.key), known) if known else f"{option} has none"
        return f"{cause.full_key}: there is no such setting; {hint}"
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        return f"{error.filename or 'outputs'}: {error.strerror or error}"
    if not isinstance(error, HydraException):  # Hydra's checks raise ValueError without the name
        return f"{' '.join(sys.argv[1:])}: {error}"
    return str(error).partition("Config search path")[0].strip()
