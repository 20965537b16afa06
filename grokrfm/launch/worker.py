"""Worker: a warm process of a pool that handles one item after another, as the pool sees it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from socket import socketpair
from typing import Any, NamedTuple

import cloudpickle

from grokrfm.runs.log import WorkerLog

Handler = Callable[[Any, threading.Event], Any]
"""Handles one item; once the event is set, it raises Stopped as soon as its state is safe."""

DISCONNECTED = 74
"""Exit code of a worker that cannot send its result."""

PIPE_BYTES = 2**20
"""The most that a pipe holds."""

SCHEDULERS_SIGNALS = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT}


class Stopped(BaseException):
    """Raised by a handler that has stopped its item at the request of the pool."""


class Raised(NamedTuple):
    """Result of an item that raised an exception."""

    type: str
    message: str
    traceback: str


class Interrupted(NamedTuple):
    """Result of an item that was stopped at the request of the pool; also that request."""


class Ready(NamedTuple):
    """Message of a worker that has loaded its handler."""


class Ending(NamedTuple):
    """Message of a worker, before its last result: an item has harmed it."""


class Worker:
    """A worker process.

    Parameters
    ----------
    slot : int                  of the pool
    handler : bytes             a pickled Handler
    environment                 variables set for the worker, such as CUDA_VISIBLE_DEVICES
    log : Path                  receives its output, through a pipe that the pool reads

    Attributes
    ----------
    ready : bool    True once it has loaded its handler
    ending : bool   True if it must be replaced after its item
    output : int    the pool's end of the pipe; None once every process has closed the other one
    """

    def __init__(
        self, slot: int, handler: bytes, environment: Mapping[str, str], log: Path
    ) -> None:
        self.slot, self.ready, self.ending = slot, False, False
        self._log = WorkerLog(log)
        ours, theirs = socketpair()
        self.output: int | None
        self.output, printed = os.pipe()
        os.set_blocking(self.output, False)
        with theirs, _blocked():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grokrfm.launch.worker_process", str(theirs.fileno())],
                env={**os.environ, **environment},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C must not reach it; its children die with it
            )
        os.close(printed)
        self.connection = Connection(ours.detach())
        self._send(handler)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def died(self) -> bool:
        """True if the process has ended; a child of it may hold its connection open."""
        return self.process.poll() is not None

    def give(self, item: Any) -> None:
        """Start an item."""
        self.read_output()  # of the last item: it was printed before the result was sent
        self._send(cloudpickle.dumps((self._log.start_part(), item)))

    def stop(self) -> None:
        """Ask the worker to stop its item as soon as its state is safe."""
        self._send(cloudpickle.dumps(Interrupted()))

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # the death of the worker is detected in `receive`
            self.connection.send_bytes(message)

    def receive(self) -> Any:
        """Return the result of the current item.

        Raises
        ------
        EOFError   if the worker has died
        """
        if self.died and not self.connection.poll():
            raise EOFError
        try:
            message = pickle.loads(self.connection.recv_bytes())
        except OSError as error:
            raise EOFError from error
        if isinstance(message, Ending):
            self.ending = True
            return self.receive()
        return message

    def read_output(self) -> None:
        """Move printed output from the pipe to the log."""
        if self.output is not None:
            with suppress(BlockingIOError):
                printed = os.read(self.output, PIPE_BYTES)
                self._log.write(printed)
                if not printed:
                    self._close_output()

    def end(self, seconds: float = 5) -> int:
        """Close the worker, force its end after so long, and return its exit code."""
        self.connection.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()
        code = self.process.wait()
        self.read_output()
        self._close_output()
        self._log.close()
        return code

    def kill(self) -> None:
        """Kill the process and those that its runs have started; see `died`."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def tail(self) -> str:
        """Return the last lines printed since the current item started."""
        return self._log.tail()

    def _close_output(self) -> None:
        if self.output is not None:
            os.close(self.output)
            self.output = None


def with_news(workers: Sequence[Worker], seconds: float) -> list[Worker]:
    """Wait, reading output, until workers have sent something or died; return these workers."""
    deadline = time.monotonic() + seconds
    while True:
        remaining = deadline - time.monotonic()
        outputs = [worker.output for worker in workers if worker.output is not None]
        ready = wait([*(worker.connection for worker in workers), *outputs], max(0, remaining))
        for worker in workers:
            if worker.output in ready:
                worker.read_output()
        found = [worker for worker in workers if worker.connection in ready or worker.died]
        if found or remaining <= 0:
            return found


def exit_cause(code: int) -> str:
    """Return the death of a worker in words."""
    if code == DISCONNECTED:
        return "it closed the connection of its worker process"
    if code >= 0:
        return f"its process exited with code {code}"
    try:
        return f"its process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was killed by signal {-code}"


@contextmanager
def _blocked() -> Iterator[None]:
    """Block the scheduler's signals in a process started here, since only the pool handles them.

    They are sent to every process of a job; the worker and its threads inherit the mask.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SCHEDULERS_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
