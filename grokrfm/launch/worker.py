"""A worker: a warm process of a pool that does one piece of work after another.

It is started as `python -m grokrfm.launch.worker FD`, with its device made visible before anything
imports torch. FD is a socket to the pool: first comes what to do with every item, then the items.
When the pool goes, however it goes, the worker goes too.
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
"""Does one item; the event says that it is to be left as soon as its state is safe."""

TAIL_LINES = 20

SCHEDULERS_SIGNALS = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCONT}


class Raised(NamedTuple):
    """An item ended in an exception that its `handler` did not take up."""

    type: str
    message: str
    traceback: str


class Interrupted(NamedTuple):
    """An item was left because the pool said so."""


class Ready(NamedTuple):
    """The worker has started and understood what it is to do with items."""


class Worker:
    """The pool's end of a worker.

    Parameters
    ----------
    slot : int                  of the pool, in which the worker computes
    handler : bytes             a pickled Handler
    environment                 variables set for the worker, such as CUDA_VISIBLE_DEVICES
    log : Path                  what it prints goes here
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
                start_new_session=True,  # a terminal's Ctrl-C is not for it
            )
        self.connection = Connection(ours.detach())
        self._log, self._log_start = log, log.stat().st_size
        self.send_bytes(handler)

    def give(self, item: Any) -> None:
        """Start an item."""
        self._log_start = self._log.stat().st_size
        self.send_bytes(cloudpickle.dumps(item))

    def stop(self) -> None:
        """Ask that the item in work be left as soon as its state is safe."""
        self.send_bytes(cloudpickle.dumps(Interrupted()))

    def send_bytes(self, message: bytes) -> None:
        """Send; that the worker has died is noticed when it is read from."""
        with suppress(OSError):
            self.connection.send_bytes(message)

    def receive(self) -> Any:
        """What the current item left.

        Raises
        ------
        EOFError   if the worker has died
        """
        try:
            return pickle.loads(self.connection.recv_bytes())
        except OSError as error:
            raise EOFError from error

    def end(self, seconds: float = 5) -> int:
        """Close the worker and wait for its end, which is forced after so long; its exit code."""
        self.connection.close()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """End the process at once; the end is noticed when it is read from."""
        self.process.kill()

    def tail(self) -> str:
        """The last lines printed since the current item started."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - 20_000))
            text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])


@contextmanager
def _blocked() -> Iterator[None]:
    """A process started here never hears the scheduler, which signals every process of a job.

    What to do then is for the pool to say; the worker inherits the mask, and its threads do.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SCHEDULERS_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def main(descriptor: int) -> None:
    """The process itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    handler: Handler = pickle.loads(connection.recv_bytes())
    connection.send_bytes(cloudpickle.dumps(Ready()))
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    stop_requested = threading.Event()
    threading.Thread(target=_listen, args=(connection, items, stop_requested), daemon=True).start()
    while True:
        item = items.get()
        left = _handled(handler, item, stop_requested)
        sys.stdout.flush()
        try:
            message = cloudpickle.dumps(left)
        except Exception as error:
            message = cloudpickle.dumps(_raised(error))
        connection.send_bytes(message)


def _listen(
    connection: Connection, items: queue.SimpleQueue[Any], stop_requested: threading.Event
) -> None:
    try:
        while True:
            message = connection.recv_bytes()
            item = pickle.loads(message)
            if isinstance(item, Interrupted):
                stop_requested.set()
            else:
                items.put(item)
    except (EOFError, OSError):  # the pool is gone
        os._exit(1)
    except BaseException:  # what it sent cannot be unpickled here
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _handled(handler: Handler, item: Any, stop_requested: threading.Event) -> Any:
    try:
        return handler(item, stop_requested)
    except KeyboardInterrupt:
        return Interrupted()
    except BaseException as error:  # SystemExit too: it is the item's end, not the worker's
        return _raised(error)


def _raised(error: BaseException) -> Raised:
    text = "".join(traceback.format_exception(error))
    return Raised(type(error).__name__, str(error), text)


if __name__ == "__main__":
    from grokrfm.launch.worker import main as run  # not __main__'s classes: they are pickled

    run(int(sys.argv[1]))
