"""The perceptron of docs/extending.md, unless its deed is another one than none."""

import os
import signal
import time
from pathlib import Path

from perceptron import Perceptron  # of the page, on PYTHONPATH

from grokrfm.splits import Splitter
from grokrfm.tasks import Task


class Troubled(Perceptron):
    """A perceptron that does a deed after its first observation.

    Parameters
    ----------
    deed : str    none, segv, overflow, memory, memory_once, or sleep
    marks : str   folder in which it leaves a file for every deed
    """

    def __init__(self, task: Task, split: Splitter, width, rate, decay, updates, observe_every,
                 checkpoint_seconds, seed, deed, marks):  # fmt: skip
        super().__init__(
            task, split, width, rate, decay, updates, observe_every, checkpoint_seconds, seed
        )
        self._deed, self._marks = getattr(self, f"_{deed}"), Path(marks)

    def observe(self, device, keep, resume=None):
        for observation in super().observe(device, keep, resume):
            yield observation
            self._deed()

    def _none(self):
        pass

    def _segv(self):
        print("about to crash", flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)

    def _overflow(self):
        self.rate = 1e200

    def _memory(self):
        raise MemoryError("no room")

    def _memory_once(self):
        mark = self._marks / "memory"
        if not mark.exists():
            self._marks.mkdir(exist_ok=True)
            mark.touch()
            raise MemoryError("no room")

    def _sleep(self):
        time.sleep(float(os.environ["PAUSE"]))
