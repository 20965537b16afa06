"""Processes: their identity, and a test if one still runs, on this host or another."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from grokrfm.runs.files import read_bytes
from grokrfm.runs.heartbeat import silent


@cache
def this_host() -> Mapping[str, str | None]:
    """Return the identity of this host: its name, boot and PID namespace.

    Containers and machines may share a name; a machine that was started again has the name of
    before. Where there is no /proc, boot and namespace are None.
    """
    return {
        "host": platform.node(),
        "boot_id": _boot_id(),
        "pid_namespace": _pid_namespace(),
    }


def this_process() -> dict[str, Any]:
    """Return the identity of this process: host, PID, and start in clock ticks since boot."""
    pid = os.getpid()
    return {**this_host(), "pid": pid, "process_start": process_start(pid)}


def on_this_host(identity: Mapping[str, Any]) -> bool:
    """True if `this_process` has identified a process of this host."""
    return all(identity.get(name) == value for name, value in this_host().items())


def still_running(
    identity: Mapping[str, Any],
    heartbeat: Path | None = None,
    is_silent: Callable[[Path], bool] = silent,
) -> bool:
    """True if the process that `this_process` identified may still run.

    A process of this host is looked up; one of another host runs until its heartbeat is silent.

    Parameters
    ----------
    heartbeat   the file that the process touches; None: of another host, it may always run
    """
    if not on_this_host(identity):
        return heartbeat is None or not is_silent(heartbeat)
    try:
        pid = int(identity["pid"])
    except (KeyError, TypeError, ValueError):  # the file is damaged
        return False
    return exists(pid) and process_start(pid) == identity.get("process_start")


def exists(pid: int) -> bool:
    """True if a process of this host has this PID, and is no zombie of this process."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    with suppress(OSError, AttributeError):  # it is no child of this process; macOS cannot ask
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return True


@cache
def are_listed() -> bool:
    """True if /proc shows the processes of this host: not those of another namespace, or none."""
    try:
        return os.readlink("/proc/self") == str(os.getpid())  # noqa: PTH115
    except OSError:
        return False


def named_in(path: Path) -> Mapping[str, Any] | None:
    """Return the process that a file names; None without a file, empty if a crash has torn it."""
    try:
        return msgspec.json.decode(read_bytes(path), type=dict[str, str | int | None])
    except FileNotFoundError:
        return {} if path.is_symlink() else None
    except (OSError, ValueError, RecursionError):
        return {}


def process_start(pid: int) -> str | None:
    """Return the start of a process of this host, in clock ticks since boot.

    None if there is no such process, or only a zombie, or if processes are not listed.
    """
    if not are_listed():
        return None
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        return None
