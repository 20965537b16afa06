"""Hosts of their own on this machine: a name and a PID namespace, and the same folders."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import BIN, ENVIRONMENT

UNSHARE = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]


def can_unshare():
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


on_several_hosts = pytest.mark.skipif(
    not can_unshare(), reason="this user may not make UTS and PID namespaces (unshare)"
)


class Host:
    """A host with a name, on which one command at a time runs; it ends with its processes.

    Parameters
    ----------
    silence   seconds that count as death, for all hosts the same
    linger    seconds for which the host outlives its command
    """

    def __init__(self, name, folder, silence=None, linger=0.0):
        self.name, self.folder, self.linger = name, folder, linger
        self.environment = {**ENVIRONMENT, **({"GROKRFM_SILENCE": str(silence)} if silence else {})}

    def start(self, *arguments, command="grokrfm"):
        """Start a command on the host, which is started for it."""
        script = f'hostname {self.name}; "$0" "$@"; code=$?; sleep {self.linger}; exit $code'
        self.process = subprocess.Popen(
            [*UNSHARE, "sh", "-c", script, BIN / command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        return self.process

    def kill(self):
        """Kill every process of the host at once, as a loss of power does."""
        self.process.send_signal(signal.SIGKILL)  # and the first process of the namespace with it
        return self.process.communicate(timeout=60)

    def processes(self):
        """PIDs of the processes of the host, its first one left out."""
        found, waiting = [], [pid for one in _children(self.process.pid) for pid in _children(one)]
        while waiting:
            found.append(waiting.pop())
            waiting += _children(found[-1])
        return found


def _children(pid):
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in listed.split()]
    except OSError:
        return []
