"""Readable messages for errors of Hydra."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from grokrfm.checks import GrokrfmError, nearest


@contextmanager
def readable_hydra_errors() -> Iterator[None]:
    """Turn errors of Hydra into GrokrfmErrors with readable messages."""
    try:
        yield
    except HydraException as error:
        raise GrokrfmError(readable_message(error)) from error


def readable_message(error: Exception) -> str:
    """Return the message for an error of Hydra, or of a folder that it makes."""
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
