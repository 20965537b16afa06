"""Worker: a warm process of a pool that handles one item after another.

It is started as `python -m grokrfm.launch.worker FD`; its device is made visible before torch is
imported. FD is a socket to the pool: the worker receives the handler first, then the items. It ends
as soon as the pool has ended.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair
from typing import Any, NamedTuple

import cloudpickle

from grokrfm.runs.provenance import LOG

Handler = Callable[[Any, threading.Event], Any]
"""Handles one item; it stops as soon as its state is safe once the event is set."""

TAIL_LINES = 20

SCHEDULERS_SIGNALS = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT}


class Raised(NamedTuple):
    """Result of an item that raised an exception."""

    type: str
    message: str
    traceback: str


class Interrupted(NamedTuple):
    """Result of an item that was stopped at the request of the pool; also that request."""


class Ready(NamedTuple):
    """Message of a worker that has loaded its handler."""


class Worker:
    """The pool's side of a worker process.

    Parameters
    ----------
    slot : int                  of the pool
    handler : bytes             a pickled Handler
    environment                 variables set for the worker, such as CUDA_VISIBLE_DEVICES
    log : Path                  receives its output
    """

    def __init__(
        self, slot: int, handler: bytes, environment: Mapping[str, str], log: Path
    ) -> None:
        self.slot, self.ready = slot, False
        ours, theirs = socketpair()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, theirs, _blocked():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grokrfm.launch.worker", str(theirs.fileno())],
                env={**os.environ, **environment, LOG: str(log)},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal must not reach it
            )
        self.connection = Connection(ours.detach())
        self._log, self._log_start = log, log.stat().st_size
        self.send_bytes(handler)

    @property
    def pid(self) -> int:
        return self.process.pid

    def give(self, item: Any) -> None:
        """Start an item."""
        self._log_start = self._log.stat().st_size
        self.send_bytes(cloudpickle.dumps(item))

    def stop(self) -> None:
        """Ask the worker to stop its item as soon as its state is safe."""
        self.send_bytes(cloudpickle.dumps(Interrupted()))

    def send_bytes(self, message: bytes) -> None:
        """Send a message; the death of the worker is detected in `receive`."""
        with suppress(OSError):
            self.connection.send_bytes(message)

    def receive(self) -> Any:
        """Return the result of the current item.

        Raises
        ------
        EOFError   if the worker has died
        """
        try:
            return pickle.loads(self.connection.recv_bytes())
        except OSError as error:
            raise EOFError from error

    def end(self, seconds: float = 5) -> int:
        """Close the worker, force its end after so long, and return its exit code."""
        self.connection.close()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """Kill the process; its death is detected in `receive`."""
        self.process.kill()

    def tail(self) -> str:
        """Return the last lines printed since the current item started."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - 20_000))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])


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


def main(descriptor: int) -> None:
    """Run the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    handler: Handler = pickle.loads(connection.recv_bytes())
    connection.send_bytes(cloudpickle.dumps(Ready()))
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    stop_requested = threading.Event()
    threading.Thread(target=_listen, args=(connection, items, stop_requested), daemon=True).start()
    while True:
        item = items.get()
        result = _handled(handler, item, stop_requested)
        sys.stdout.flush()
        try:
            message = cloudpickle.dumps(result)
        except Exception as error:
            message = cloudpickle.dumps(_raised(error))
        connection.send_bytes(message)


def _listen(
    connection: Connection, items: queue.SimpleQueue[Any], stop_requested: threading.Event
) -> None:
    try:
        while True:
            item = pickle.loads(connection.recv_bytes())
            if isinstance(item, Interrupted):
                stop_requested.set()
            else:
                items.put(item)
    except BaseException as error:
        if not isinstance(error, (EOFError, OSError)):  # else the pool has ended
            traceback.print_exc()  # a message cannot be unpickled here
            sys.stderr.flush()
        os._exit(1)


def _handled(handler: Handler, item: Any, stop_requested: threading.Event) -> Any:
    try:
        return handler(item, stop_requested)
    except KeyboardInterrupt:
        return Interrupted()
    except BaseException as error:  # SystemExit too: it ends the item, not the worker
        return _raised(error)


def _raised(error: BaseException) -> Raised:
    text = "".join(traceback.format_exception(error))
    return Raised(type(error).__name__, str(error), text)


if __name__ == "__main__":
    from grokrfm.launch.worker import main as run  # not __main__'s classes: they are pickled

    run(int(sys.argv[1]))
