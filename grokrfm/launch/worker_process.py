"""Process of a worker, started as `python -m grokrfm.launch.worker_process FD`.

Its device is made visible before torch is imported. FD is a socket to the pool: the worker receives
the handler first, then the items. It ends as soon as the pool has ended.
"""

from __future__ import annotations

import os
import pickle
import queue
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle

from grokrfm.checks import described
from grokrfm.launch.worker import (
    DISCONNECTED,
    Ending,
    Handler,
    Interrupted,
    Raised,
    Ready,
    Stopped,
)
from grokrfm.runs.log import LOG


def main(descriptor: int) -> None:
    """Run the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, _on_broken_pipe)
    connection = Connection(descriptor)
    surroundings, pid = Surroundings(descriptor), os.getpid()
    handler: Handler = pickle.loads(connection.recv_bytes())
    connection.send_bytes(cloudpickle.dumps(Ready()))
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    stop_requested = threading.Event()
    listener = threading.Thread(
        target=_listen, args=(connection, surroundings, items, stop_requested), daemon=True
    )
    listener.start()
    while True:
        part, item = items.get()
        try:
            surroundings.restore()
            os.environ[LOG] = part
            result = cloudpickle.dumps(handler(item, stop_requested))
        except Stopped:
            result = cloudpickle.dumps(Interrupted())
        except BaseException as error:  # SystemExit too: it ends the item, not the worker
            result = cloudpickle.dumps(_raised(error))
        if os.getpid() != pid:  # a child that a run has forked must not answer for the worker
            os._exit(0)
        surroundings.flush()
        if not surroundings.connected:
            os._exit(DISCONNECTED)
        if not surroundings.printing:
            connection.send_bytes(cloudpickle.dumps(Ending()))
        connection.send_bytes(result)


class Surroundings:
    """Environment, working directory and open files of a worker, as they were at first.

    A run may change each of them; that must cost no other run.

    Parameters
    ----------
    descriptor : int   of the socket to the pool
    """

    def __init__(self, descriptor: int) -> None:
        self._environment, self._folder = dict(os.environ), Path.cwd()
        self._streams = sys.stdout, sys.stderr
        self._connection, *self._outputs = ((n, os.fstat(n)) for n in (descriptor, 1, 2))

    def restore(self) -> None:
        """Restore what can be restored."""
        os.environ.clear()
        os.environ.update(self._environment)
        with suppress(OSError):  # it was deleted
            os.chdir(self._folder)
        sys.stdout, sys.stderr = self._streams

    def flush(self) -> None:
        """Print what is buffered, also by a stream that a run has put in place of one of these."""
        for stream in (sys.stdout, *self._streams):
            with suppress(Exception):
                stream.flush()

    @property
    def connected(self) -> bool:
        """True if the socket to the pool is still open."""
        return _is(*self._connection)

    @property
    def printing(self) -> bool:
        """True if the output still goes to the log."""
        still_open = not any(stream.closed for stream in self._streams)
        return still_open and all(_is(*output) for output in self._outputs)


def _is(descriptor: int, file: os.stat_result) -> bool:
    """True if a descriptor refers to a file; it may have been closed, and given out again."""
    try:
        return os.path.samestat(os.fstat(descriptor), file)
    except OSError:
        return False


def _listen(
    connection: Connection,
    surroundings: Surroundings,
    items: queue.SimpleQueue[Any],
    stop_requested: threading.Event,
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
        os._exit(1 if surroundings.connected else DISCONNECTED)


def _on_broken_pipe(*_: object) -> None:
    """End at once if the pool no longer reads the output: its death must not fail the run."""
    output = select.poll()
    output.register(1, 0)
    if any(event & select.POLLERR for _, event in output.poll(0)):
        os._exit(1)


def _raised(error: BaseException) -> Raised:
    text = "".join(traceback.format_exception(error))
    return Raised(type(error).__name__, described(error), text)


if __name__ == "__main__":
    main(int(sys.argv[1]))
