"""The installed commands without their start: each call is forked from a process that has imported
what they need, and is a process of its own otherwise.

    folder() / "grokrfm"    runs as .venv/bin/grokrfm does: arguments, environment, folder, output,
                            exit code, death by a signal

A small script, served_client.py under the name of a command, hands over what it was started with
and ends as the command ends. A test of the start itself, or of signals to a command, takes the
real command.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

COMMANDS = {entry.name: entry for entry in distribution("grokrfm").entry_points}
IMPORTED_LATE = (
    *("grokrfm.experiment", "grokrfm.collect.report.page", "matplotlib.backends.backend_agg"),
    *("matplotlib.figure", "pandas", "scipy.sparse.csgraph", "scipy.stats", "submitit", "tabulate"),
)
"""What commands import only when they need it."""


@cache
def folder() -> Path:
    """The folder with the commands and `python`; their server ends with this process."""
    where = tempfile.TemporaryDirectory(prefix="grokrfm-served-")
    atexit.register(where.cleanup)
    at = Path(where.name)
    client = Path(__file__).with_name("served_client.py").read_text(encoding="utf-8")
    script = f"#!{sys.executable} -IS\nSOCKET = {str(at / 'socket')!r}\n{client}"
    for name in (*COMMANDS, "python"):
        (at / name).write_text(script, encoding="utf-8")
        (at / name).chmod(0o700)
    server = subprocess.Popen(
        [sys.executable, "-P", __file__, at / "socket"],
        env={name: x for name, x in os.environ.items() if not name.startswith("PYTHON")},
        stdin=subprocess.PIPE,  # closed when this process ends
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return at


def serve(path: str) -> Callable[[], object]:
    """Wait for clients at a socket; return in the process of each command what it has to do."""
    before = dict(os.environ)
    for module in {*IMPORTED_LATE, *(entry.module for entry in COMMANDS.values())}:
        import_module(module)
    added = {name: x for name, x in os.environ.items() if name not in before}
    gc.freeze()  # a collection in a fork would copy all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        os.write(1, b"ready\n")
        while listener in select.select([listener, 0], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    return _begin(connection, added)
    os._exit(0)


def _begin(connection: socket.socket, added: dict[str, str]) -> Callable[[], object]:
    """Become the command that a client asks for; its parent waits for its end."""
    size, descriptors, _, _ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as stream:
        arguments, cwd, environment = json.loads(stream.read(int.from_bytes(size)))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if command := os.fork():
        _wait(command, connection)
    connection.close()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update({**added, **environment})
    os.chdir(cwd)
    time.tzset()
    return _program(arguments)


def _wait(command: int, connection: socket.socket) -> None:
    """Tell a client how its command ended; end the command if the client dies before."""
    end = os.pidfd_open(command)
    if end not in select.select([end, connection], [], [])[0]:
        os.kill(command, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    connection.sendall(code.to_bytes(2, signed=True))
    os._exit(0)


def _program(arguments: list[str]) -> Callable[[], object]:
    """A console script, or a file for `python`."""
    name = Path(arguments[0]).name
    if name == "python" and (not arguments[1:] or arguments[1].startswith("-")):
        os.execv(sys.executable, [sys.executable, *arguments[1:]])
    script = Path(sys.executable).with_name(name) if name in COMMANDS else Path(arguments[1])
    sys.argv = [str(script), *arguments[1 if name in COMMANDS else 2 :]]
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [str(script.resolve().parent), *filter(None, own)]
    if name in COMMANDS:
        return COMMANDS[name].load()
    return partial(runpy.run_path, str(script), run_name="__main__")


def _end(program: Callable[[], object]) -> None:
    """Run a program and end as the interpreter does, but leave its memory to the system.

    To take down everything that was imported takes a second in a fork.
    """
    code: object = 1
    try:
        program()
        code = 0
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit((code or 0) & 255)


if __name__ == "__main__":
    _end(serve(sys.argv[1]))
