"""Provenance of a run: versions, commit, host, process, device and threads."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Required, TypedDict

from grokrfm.paths import PACKAGE
from grokrfm.runs.processes import this_process
from grokrfm.runs.spec import SCHEMA
from grokrfm.version import __version__

SWEEP = "GROKRFM_SWEEP"
"""Environment variable that names the sweep a process works for."""

PACKAGES = ("torch", "numpy", "scipy", "hydra-core", "omegaconf", "pandas")


class Git(TypedDict):
    """Commit of a checkout, and True if tracked files of the package have changed since."""

    commit: str
    dirty: bool


class Provenance(TypedDict, total=False):
    """Types of what readers use of a provenance; it may hold more."""

    device: str
    visible_devices: str | None
    threads: int
    host: Required[str]
    boot_id: str | None
    pid_namespace: str | None
    pid: Required[int]
    process_start: str | None
    sweep: str | None
    job: str | None
    log: str | None
    user: str | None
    platform: str
    versions: dict[str, str | None]
    git: Git | None
    schema: int


def provenance(device: str, threads: int) -> dict[str, Any]:
    """Return versions, commit, host, process, device and threads of this process."""
    return {
        "device": device,
        "visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "threads": threads,
        **this_process(),
        "sweep": os.environ.get(SWEEP),
        "job": scheduler_job(),
        **_constant(),
    }


def scheduler_job() -> str | None:
    """Return the ID of the SLURM job that this process belongs to, such as 123_4."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}") for part in ("JOB_ID", "TASK_ID"))
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID")


@cache
def _constant() -> dict[str, Any]:
    return {
        "user": _user(),
        "platform": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            "grokrfm": __version__,
            **{name: _version(name) for name in PACKAGES},
        },
        "git": _git_state(PACKAGE),
        "schema": SCHEMA,
    }


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_state(package: Path) -> dict[str, Any] | None:
    """Return the commit of the checkout that holds the package, and if its files have changed."""
    if not (package.parent / ".git").exists():
        return None
    try:
        commit = _git(package, "rev-parse", "HEAD")
        parts = [package, package.parent / "conf", package.parent / "hydra_plugins"]
        changed = _git(package, "diff", "--name-only", "HEAD", "--", *map(str, parts))
        return {"commit": commit, "dirty": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
