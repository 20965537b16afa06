"""A kernel that does a deed, for tests of what that costs."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from grokrfm.kernels import Gaussian


@dataclass(frozen=True)
class Saboteur(Gaussian):
    """The Gaussian kernel, unless its deed is another one than none.

    Parameters
    ----------
    deed : str    none, or the name of a method below
    marks : str   folder in which it leaves a file for every deed, or waits for one
    """

    deed: str
    marks: str

    def profile(self, squared_distance):
        getattr(self, f"_{self.deed}")()
        return super().profile(squared_distance)

    def _none(self):
        pass

    def _raise(self):
        raise RuntimeError("the kernel broke")

    def _exit(self):
        sys.exit(3)

    def _interrupt(self):
        raise KeyboardInterrupt

    def _clear(self):
        os.environ.clear()
        os.chdir("/")

    def _vanish(self):
        print("about to go", flush=True)
        os._exit(4)

    def _segv(self):
        print("about to crash", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)

    def _memory(self):
        self._mark()
        raise MemoryError("no room")

    def _memory_once(self):
        first = not any(Path(self.marks).glob("*"))
        self._mark()
        if first:
            raise MemoryError("no room")

    def _sleep(self):
        time.sleep(1000)

    def _wait(self):
        for _ in range(200):
            if any(Path(self.marks).glob("*")):
                return
            time.sleep(0.1)
        raise TimeoutError("nothing came")

    def _mark(self):
        folder = Path(self.marks)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(time.time_ns())).touch()
