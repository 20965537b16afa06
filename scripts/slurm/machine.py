"""What a cluster needs of the machine it runs on: packages, free ports, a lock, patience."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = "munged mungekey slurmctld slurmd slurmdbd sbatch sacct mariadbd mariadb-install-db"
PACKAGES = "munge slurmctld slurmd slurm-client slurmdbd mariadb-server-core mariadb-client-core"


class ClusterError(Exception):
    """What the user has to know, in one or two sentences."""


def install(path: str, log: Path) -> None:
    """Install the Debian packages, if a program of theirs is missing."""
    if all(shutil.which(program, path=path) for program in PROGRAMS.split()):
        return
    if os.getuid() != 0 or not shutil.which("apt-get"):
        raise ClusterError(f"install these packages first: {PACKAGES}")
    apt = ["apt-get", "-qo", "DPkg::Lock::Timeout=120"]
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (log / "apt.log").open("w") as output:
        for arguments in (["update"], ["install", "-y", "--no-install-recommends"]):
            wanted = PACKAGES.split() if "install" in arguments else []
            done = subprocess.run(
                [*apt, *arguments, *wanted],
                env=variables,
                timeout=300,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
    if done.returncode:
        raise ClusterError(f"apt-get could not install {PACKAGES}; log: {output.name}")


def free_ports(count: int) -> list[int]:
    """Neighbouring ports, below those that the system gives to clients, that nobody listens on."""
    for first in range(20_000 + os.getpid() % 1000 * 10, 32_000, 10):
        with contextlib.suppress(OSError), contextlib.ExitStack() as taken:
            for port in range(first, first + count):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
            return list(range(first, first + count))
    raise ClusterError(f"no {count} neighbouring free ports between 20000 and 32000")


def is_loopback(host: str) -> bool:
    """Whether a host's name means 127.0.0.1."""
    try:  # as SLURM asks
        socket.getaddrinfo("127.0.0.1", None, socket.AF_INET, flags=socket.AI_ADDRCONFIG)
    except OSError:
        raise ClusterError(
            "the only IPv4 address here is 127.0.0.1, so SLURM resolves no name; "
            "give it another, as root: ip address add 127.0.0.2/8 dev lo"
        ) from None
    with contextlib.suppress(OSError):
        return socket.gethostbyname(host) == "127.0.0.1"
    return False


def locked(descriptor: int) -> bool:
    """Take the lock of an open file, if nobody holds it."""
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait until a condition holds, for so many seconds at most."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise ClusterError(otherwise)
        time.sleep(0.1)
