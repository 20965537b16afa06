"""Processes of this host: their identity, and a test if one still runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any


def this_process() -> dict[str, Any]:
    """Return the identity of this process: host, PID, and start in clock ticks since boot."""
    pid = os.getpid()
    return {"host": platform.node(), "pid": pid, "process_start": process_start(pid)}


def still_running(identity: Mapping[str, Any]) -> bool:
    """True if the process that `this_process` identified may still run.

    A process of this host is looked up; one of another host cannot be, so it may run.
    """
    if identity.get("host") != platform.node():
        return True
    try:
        os.kill(int(identity["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process_start(int(identity["pid"])) == identity.get("process_start")


def process_start(pid: int) -> str | None:
    """Return the start of a process of this host, in clock ticks since boot.

    None if there is no such process, or only a zombie, or no /proc.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
