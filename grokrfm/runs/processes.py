"""Processes of this host: identity, and whether one still runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any


def this_process() -> dict[str, Any]:
    """Return what identifies this process: host, PID, and start in clock ticks since boot."""
    pid = os.getpid()
    return {"host": platform.node(), "pid": pid, "process_start": process_start(pid)}


def still_running(identity: Mapping[str, Any]) -> bool:
    """True if the process that `this_process` identified may still run.

    A process of this host is looked up. Of another host nothing is known, so it may run.
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
    """Return when a process of this host started, in clock ticks since boot.

    None where there is no such process, or only its remains, or no /proc.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
