"""A throw-away SLURM on this machine: real daemons, pretended nodes, for tests and for trying.

munged, MariaDB and slurmdbd (so that sacct answers), slurmctld, and a slurmd for each of four
nodes, all on the loopback address and all in one folder. Every wait has a limit. A process is taken
for ours only if it carries the SLURM_CONF of that folder in its environment, so nothing else is
ever signalled. Written for Debian 12 (SLURM 22.05); needs nothing beyond Python's own library.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from machine import ClusterError, free_ports, install, is_loopback, locked, wait_for

HERE = Path(__file__).parent
NODES = ("cpu1", "cpu2", "gpu1", "gpu2")


class Cluster:
    """The cluster whose files are in one folder, running or not.

    Parameters
    ----------
    folder : Path               everything is kept here
    max_array_size : int        SLURM's MaxArraySize: array indices stay below it
    """

    def __init__(self, folder: Path, max_array_size: int) -> None:
        self.folder = folder.resolve()
        self.max_array_size = max_array_size
        self.conf = self.folder / "slurm.conf"
        self.path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        self.environment = {**os.environ, "PATH": self.path, "SLURM_CONF": str(self.conf)}
        self.database = [
            *("--no-defaults", f"--user={getpass.getuser()}", f"--datadir={self.folder}/db"),
            *("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M"),
        ]

    @property
    def daemons(self) -> dict[str, list[str]]:
        """The command of every daemon, in the order in which they start."""
        at = self.folder
        munge = f"--force --key-file={at}/munge/key --socket={at}/munge/socket --origin=127.0.0.1"
        return {
            "munged": f"munged {munge} --seed-file={at}/munge/seed --pid-file={at}/run/munged.pid"
            f" --log-file={at}/log/munged.log".split(),
            "mariadbd": [
                *("mariadbd", *self.database, "--skip-networking"),
                *(f"--socket={at}/db/socket", f"--pid-file={at}/run/mariadbd.pid"),
            ],
            "slurmdbd": ["slurmdbd"],
            "slurmctld": ["slurmctld"],
            **{f"slurmd.{node}": ["slurmd", "-N", node] for node in NODES},
        }

    def start(self) -> bool:
        """Start what does not run and wait until all nodes serve; whether nothing ran before."""
        with self._locked():
            missing = [name for name in self.daemons if not self.pid(name)]
            new = len(missing) == len(self.daemons)
            if new:
                install(self.path, self.folder / "log")
                self._lay_out()
            elif f"MaxArraySize={self.max_array_size}\n" not in self.conf.read_text():
                raise ClusterError(f"runs with another MaxArraySize in {self.conf}: stop it first")
            for name in self.daemons:
                if name in missing:
                    self._start(name)
                if name == "munged":
                    self._wait(f"munge -n -o /dev/null --socket={self.folder}/munge/socket", 20)
                elif name == "mariadbd":
                    self._wait(f"test -S {self.folder}/db/socket", 30)
                elif name == "slurmdbd":
                    self._wait("sacctmgr -n show cluster", 30)
            self._wait("sinfo -hNo %N=%T", 60, serving)
            return new

    def stop(self) -> None:
        """Cancel the jobs, end the daemons and whatever a killed daemon left behind."""
        if not self.folder.is_dir():
            return
        with self._locked():
            if self.pid("slurmctld"):
                with contextlib.suppress(ClusterError):  # the daemons are ended all the same
                    self._wait(f"scancel -u {getpass.getuser()}", 20)
                    self._wait("squeue -h", 8, lambda jobs: not jobs)
            self._end(*(name for name in self.daemons if name.startswith("slurmd.")))
            for process in self._left_behind():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            for name in ("slurmctld", "slurmdbd", "mariadbd", "munged"):
                self._end(name)

    def pid(self, daemon: str) -> int | None:
        """The process that a daemon's pid file names, if it runs and is this cluster's."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "run" / f"{daemon}.pid").read_text())
            if self._is_ours(pid):
                return pid
        return None

    def _is_ours(self, pid: int, *also: str) -> bool:
        """Whether a process has our SLURM_CONF, and also these variables, in its environment."""
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        names = {variable.partition(b"=")[0].decode("utf-8", "replace") for variable in variables}
        return f"SLURM_CONF={self.conf}".encode() in variables and names.issuperset(also)

    def _left_behind(self) -> Iterator[int]:
        """Processes of jobs, and slurmstepd, which overwrites its environment but works in log/."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                step = (process / "comm").read_text() == "slurmstepd\n"
                if (step and (process / "cwd").resolve() == self.folder / "log") or self._is_ours(
                    int(process.name), "SLURM_JOB_ID"
                ):
                    yield int(process.name)

    def _lay_out(self) -> None:
        """Folders, configuration, key and database of a new cluster."""
        for name in ("run", "munge", "db", "state", "spool", "log"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        host, user = socket.gethostname().partition(".")[0], getpass.getuser()
        # The daemons keep to the loopback address if that is what the host's name means. Otherwise
        # they listen on all addresses, and take orders from nobody who lacks our munge key.
        listen = "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny" if is_loopback(host) else ""
        ports = free_ports(6)
        template = (HERE / "slurm.conf.in").read_text()
        filled = template.format(
            folder=self.folder,
            host=host,
            user=user,
            ports=ports,
            listen=listen,
            first_job=int(time.time()) % 50_000_000,
            max_array_size=self.max_array_size,
        )
        self.conf.write_text(filled)
        # Two devices that every host has stand for the GPUs: SLURM numbers them, nobody opens them.
        gres = "NodeName=gpu[1-2] Name=gpu File=/dev/null,/dev/zero\n"
        (self.folder / "gres.conf").write_text(gres)
        dbd = self.folder / "slurmdbd.conf"
        dbd.touch(mode=0o600)
        dbd.write_text(
            f"AuthInfo=socket={self.folder}/munge/socket\nDbdHost=localhost\nDbdAddr=127.0.0.1\n"
            f"DbdPort={ports[1]}\nSlurmUser={user}\nStorageUser={user}\nStorageLoc=slurm\n"
            f"StorageType=accounting_storage/mysql\nPidFile={self.folder}/run/slurmdbd.pid\n"
            f"LogFile={self.folder}/log/slurmdbd.log\n{listen}\n"
        )
        self._call(["mungekey", "--create", f"--keyfile={self.folder}/munge/key"])
        new_database = ["mariadb-install-db", *self.database, "--skip-test-db"]
        self._call([*new_database, "--skip-name-resolve"])

    def _call(self, command: list[str], seconds: int = 60) -> None:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=seconds
        )
        if done.returncode:
            raise ClusterError(f"{command[0]} failed: {(done.stdout + done.stderr)[-500:].strip()}")

    def _start(self, daemon: str) -> None:
        (self.folder / "run" / f"{daemon}.pid").unlink(missing_ok=True)
        variables = {**self.environment, "MYSQL_UNIX_PORT": f"{self.folder}/db/socket"}
        with (self.folder / "log" / f"{daemon}.out").open("w") as log:
            subprocess.Popen(
                self.daemons[daemon],
                env=variables,
                cwd=self.folder / "log",
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self.pid(daemon) is not None, 20, f"{daemon} did not start; {self._logs}")

    def _end(self, *daemons: str) -> None:
        """TERM to all of them, then KILL to what has not gone in ten seconds."""
        pids = [pid for daemon in daemons if (pid := self.pid(daemon))]
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                if self._is_ours(pid):
                    os.kill(pid, number)
            with contextlib.suppress(ClusterError):
                wait_for(lambda: not any(map(self._is_ours, pids)), 10, "")

    def _wait(
        self, command: str, seconds: int, wanted: Callable[[str], bool] = lambda output: True
    ) -> None:
        """Repeat a command until it succeeds and prints what is wanted."""
        last = ""

        def ready() -> bool:
            nonlocal last
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = subprocess.run(
                    command.split(), env=self.environment, capture_output=True, text=True, timeout=5
                )
                last = (done.stdout + done.stderr).strip()
                return done.returncode == 0 and wanted(done.stdout)
            return False

        try:
            wait_for(ready, seconds, "")
        except ClusterError:
            raise ClusterError(
                f"`{command}` not as it should be after {seconds} s: {last}; {self._logs}"
            ) from None

    @property
    def _logs(self) -> str:
        return f"logs: {self.folder}/log"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One start or stop at a time in this folder, which must be ours alone."""
        (self.folder / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_uid != os.getuid():
            raise ClusterError(f"{self.folder} belongs to another user: set GROKRFM_SLURM")
        with (self.folder / "lock").open("w") as lock:
            wait_for(lambda: locked(lock.fileno()), 300, f"{lock.name} is held by another start")
            yield


def from_environment() -> Cluster:
    """The cluster that GROKRFM_SLURM (folder) and GROKRFM_SLURM_MAX_ARRAY_SIZE describe."""
    default = Path(tempfile.gettempdir()) / f"grokrfm-slurm-{os.getuid()}"
    folder = os.environ.get("GROKRFM_SLURM") or str(default)
    # A socket's path has at most 107 characters; those of job steps take 36 of them.
    if len(folder) > 70 or set(folder) & set(" \t\"'#,;%{}[]"):
        raise ClusterError(f"GROKRFM_SLURM must be a plain path of at most 70 characters: {folder}")
    size = os.environ.get("GROKRFM_SLURM_MAX_ARRAY_SIZE") or "11"
    if not size.isdecimal() or not int(size):
        raise ClusterError(f"GROKRFM_SLURM_MAX_ARRAY_SIZE must be a positive number, got {size!r}")
    return Cluster(Path(folder), int(size))


def serving(nodes: str) -> bool:
    """Whether every node of `sinfo -hNo %N=%T` takes jobs."""
    states = dict(line.split("=") for line in nodes.split())
    taking = {"idle", "mixed", "allocated", "completing"}
    return set(states) == set(NODES) and set(states.values()) <= taking
