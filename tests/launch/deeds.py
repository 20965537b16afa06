"""Deeds of an item to the process of its worker, which imports this: so it imports little."""

import os
import signal
import sys
import time


def fork(*, hang, apart=False):
    """Leave a child that holds the worker's descriptors, and end or hang; its PID is printed."""
    child = os.fork()
    if child == 0:
        if apart:
            os.setsid()
        time.sleep(120)
        os._exit(0)
    print(f"child {child}", flush=True)
    if hang:
        time.sleep(120)
    os._exit(7)


def fail(error):
    raise error


def mute():
    sys.stdout.close()
    os.close(1)


def reopen():
    """Close every descriptor, and give out their numbers again."""
    os.closerange(3, 200)
    for _ in range(100):
        os.open(os.devnull, os.O_RDWR)
    time.sleep(0.1)


def shout():
    os.system("head -c 200000000 /dev/zero | tr '\\0' 'x'; echo; echo last words")


def chatter():
    """Print without end; a file tells if an exception ended it."""
    print(os.getpid(), flush=True)
    try:
        while True:
            print("x" * 10_000, flush=True)
    except BaseException as error:
        record(error)


def record(error):
    with open("raised", "w") as file:  # noqa: PTH123
        file.write(repr(error))


def look():
    """Return the state of the process that the item before may have changed."""
    print("seen")
    return [os.environ.get("SLOT"), os.environ.get("TROUBLE"), os.getcwd()]  # noqa: PTH109


DEEDS = {
    "none": lambda: "done",
    "look": look,
    "chatter": chatter,
    "clear": os.environ.clear,
    "set": lambda: os.environ.update(TROUBLE="yes"),
    "move": lambda: os.chdir("/"),
    "replace": lambda: [print("buffered"), setattr(sys, "stdout", None)],
    "mute": mute,
    "close": lambda: os.closerange(0, 200),
    "reopen": reopen,
    "interrupt": lambda: fail(KeyboardInterrupt()),
    "exit": lambda: sys.exit(3),
    "unnamed": lambda: fail(ValueError()),
    "vanish 0": lambda: os._exit(0),
    "vanish 7": lambda: os._exit(7),
    "die": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "answer twice": lambda: "parent" if os.fork() else "child",
    "fork": lambda: fork(hang=False),
    "fork apart": lambda: fork(hang=False, apart=True),
    "fork and hang": lambda: fork(hang=True),
    "fork apart and hang": lambda: fork(hang=True, apart=True),
    "shout": shout,
    "shout and die": lambda: [shout(), os._exit(7)],
}


def do(deed, stop_requested):
    """Handler of a worker."""
    return DEEDS[deed]()
