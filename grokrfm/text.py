"""Text of a record, a file name or a setting, safe to show: printable and nothing else."""

from __future__ import annotations

import logging
from typing import Any


def printable(text: str) -> str:
    r"""Return a text on one line, its unprintable characters as escapes such as \x1b.

    Unprintable are control characters (they begin the commands of a terminal), line breaks, marks
    of the direction of writing, and lone surrogates (no file or terminal can encode them).
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """Return a text with every line printable; tabs become spaces."""
    return "\n".join(map(printable, text.expandtabs().split("\n")))


def log_to_stderr() -> None:
    """Write the log of this process to standard error, printable."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler])


class _Printable(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return printable_lines(super().formatException(ei))
