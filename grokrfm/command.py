"""Frame of a command: its log and its errors become messages for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version

from grokrfm.checks import GrokrfmError
from grokrfm.text import log_to_stderr, printable, printable_lines
from grokrfm.version import __version__

VERSION = "--version"
"""Flag of every command."""


def print_version() -> None:
    """Print the versions of grokrfm and of the Hydra that composes its configs."""
    sys.stdout.write(f"grokrfm {__version__} (Hydra {version('hydra-core')})\n")


def run_command(command: Callable[[], None]) -> None:
    """Run a command; print a user's mistake without a traceback and exit with code 1."""
    log_to_stderr()
    if VERSION in sys.argv[1:]:
        print_version()
        return
    try:
        command()
        sys.stdout.flush()
    except BrokenPipeError:  # the reading process, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # silences the flush at exit
    except OSError as error:
        sys.stderr.write(f"{printable(str(error.filename))}: {error.strerror}\n")
        sys.exit(1)
    except GrokrfmError as error:
        sys.stderr.write(f"{printable_lines(str(error))}\n")
        sys.exit(1)
