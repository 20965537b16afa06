"""The worker loop: what every job of a sweep runs, on this machine or on a node of a cluster.

A pool has workers, one warm process per slot, and gives each the next piece of work as soon as
it is free. A failure costs the work of that worker and nothing else: an exception or an exit is an
answer like any other, and a worker that dies is replaced.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from submitit import JobEnvironment
from submitit.helpers import DelayedSubmission

from grokrfm.checks import GrokrfmError
from grokrfm.launch.worker import Interrupted, Ready, Worker
from grokrfm.runs.record import still_running

log = logging.getLogger(__name__)

Batch = tuple[int, ...]
"""Numbers of the items that a worker does together; nearly always one."""

POLL_SECONDS = 0.5
GRACE_SECONDS = 8.0
"""How long a worker may take to leave its item safely when SLURM gives warning."""

TERM_SECONDS = 3.5
"""The same when SLURM only says TERM: it kills a KillWait later, five seconds and more."""


@dataclass(frozen=True)
class Death:
    """How a worker died.

    Parameters
    ----------
    cause : str   in words, such as "killed by SIGSEGV"
    pid : int     of the worker
    tail : str    the last lines it printed
    """

    cause: str
    pid: int
    tail: str


class PoolError(GrokrfmError):
    """A pool cannot work at all."""


class Workload(Protocol):
    """What a pool is to do; it is pickled into the job, and sees to its results itself."""

    def begin(self) -> None:
        """The job starts, or starts again."""

    def end(self) -> None:
        """The job ends, or is to start again; no worker is left."""

    def handler(self) -> bytes:
        """The pickled Handler that workers are sent first."""

    def batches(self) -> list[Batch]:
        """What is still to be done, in order; read anew when a job starts again."""

    def item(self, batch: Batch) -> Any:
        """What a worker is given to do a batch."""

    def seconds(self, batch: Batch) -> float:
        """Estimated duration of a batch."""

    def limit(self, batch: Batch) -> float | None:
        """Seconds after which a worker that still does the batch is killed."""

    def on_result(self, batch: Batch, answer: Any) -> list[Batch]:
        """Take up what a worker answered; returns groups to be done again, each alone."""

    def on_death(self, batch: Batch, death: Death) -> None:
        """A batch's worker died while it did it."""

    def stopped(self) -> bool:
        """Whether the whole of the work was told to stop."""

    def on_error(self, error: Exception) -> None:
        """The pool cannot go on."""

    def result(self) -> Any:
        """What the job returns; called when it has come to its own end."""


class Slots(Protocol):
    """Where the workers of a pool compute."""

    def __len__(self) -> int:
        """How many workers there will be."""

    def environments(self) -> Sequence[Mapping[str, str]]:
        """The variables of each worker, one worker for each; asked in the job itself."""


@dataclass
class WorkerPool:
    """A job of a sweep, as submitit runs it.

    Parameters
    ----------
    work : Workload
    slots : Slots
    logs : Path         folder for what the workers print
    minutes : float     for which it may work, None for ever: work that would not fit is handed back
    driver              provenance of the process without which the pool stops; None: it goes on
    """

    workload: Workload
    slots: Slots
    logs: Path
    minutes: float | None = None
    driver: Mapping[str, Any] | None = None
    _workers: dict[Worker, _Doing | None] = field(default_factory=dict, repr=False)

    def __call__(self) -> Any:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the driver's affair
        signal.signal(signal.SIGTERM, self._end)  # in place of submitit's, which only logs
        self.workload.begin()
        try:
            self._run()
        except Exception as error:
            self.workload.on_error(error)
            raise
        finally:
            self._leave(0)
            self.workload.end()
        return self.workload.result()

    def checkpoint(self) -> DelayedSubmission:
        """Called by submitit before a time-out or preemption ends the job: it is to go on later."""
        self._leave(GRACE_SECONDS)
        return DelayedSubmission(self)

    def _end(self, *_: object) -> None:
        """The job is cancelled, or requeued from outside: it is killed in some five seconds."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._leave(TERM_SECONDS)
        raise SystemExit(128 + signal.SIGTERM)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workers": {}}

    def _run(self) -> None:
        started, pace, handed_back = time.monotonic(), 1.0, False
        waiting = deque(self.workload.batches())
        alone: deque[Batch] = deque()  # to be done while no other worker works
        environments = self.slots.environments()
        free = deque(range(len(environments)))
        handler = self.workload.handler()
        done = 0
        while True:
            if self._told_to_stop():
                self._leave(GRACE_SECONDS)
                return
            while (waiting and not self._exclusive()) or (alone and not self._busy()):
                source = waiting if waiting else alone
                remaining = self._seconds_left(started)
                if done and remaining < 1.2 * pace * self.workload.seconds(source[0]):
                    handed_back = True
                    waiting.clear()
                    alone.clear()
                    break
                worker = self._idle_worker(handler, free, environments)
                if worker is None:
                    break
                batch = source.popleft()
                self._workers[worker] = _Doing(batch, time.monotonic(), exclusive=source is alone)
                worker.give(self.workload.item(batch))
            busy = self._busy()
            if not busy:
                break
            ready = wait([worker.connection for worker in busy], POLL_SECONDS)
            for worker in busy:
                doing = self._workers[worker]
                assert doing is not None
                if worker.connection in ready:
                    alone.extend(self._receive(worker, doing, free))
                    if self._workers.get(worker) is None:  # not a worker that has only started
                        done += 1
                        elapsed = time.monotonic() - doing.started
                        pace = max(0.9 * pace, elapsed / self.workload.seconds(doing.batch))
                elif doing.overdue(self.workload.limit(doing.batch)):
                    worker.kill()
        if handed_back:  # to the scheduler, as at a time-out: nobody else may be there to take it
            log.info("the time left is too short for what is next: the job asks to start again")
            signal.raise_signal(signal.Signals["SIG" + JobEnvironment.USR_SIG])

    def _idle_worker(
        self, handler: bytes, free: deque[int], environments: Sequence[Mapping[str, str]]
    ) -> Worker | None:
        """A worker without work, started if a slot has none; None if all are busy."""
        idle = [worker for worker, doing in self._workers.items() if doing is None]
        if idle:
            return idle[0]
        if not free:
            return None
        slot = free.popleft()
        log_file = self.logs / f"{platform.node()}-{os.getpid()}-{slot}.log"
        worker = Worker(slot, handler, environments[slot], log_file)
        self._workers[worker] = None
        return worker

    def _receive(self, worker: Worker, doing: _Doing, free: deque[int]) -> list[Batch]:
        try:
            answer = worker.receive()
        except EOFError:
            code = worker.end()
            if not worker.ready:
                raise PoolError(
                    f"a worker process cannot start, {_cause(code)}:\n{worker.tail()}"
                ) from None
            cause = _cause(code)
            if doing.overdue(limit := self.workload.limit(doing.batch)):
                cause = f"killed after {limit:g} s, the time limit of a run"
            self.workload.on_death(doing.batch, Death(cause, worker.process.pid, worker.tail()))
            del self._workers[worker]
            free.append(worker.slot)
            return []
        if isinstance(answer, Ready):
            worker.ready = True
            self._workers[worker] = replace(doing, started=time.monotonic())
            return []
        self._workers[worker] = None
        if isinstance(answer, Interrupted):
            return []
        return self.workload.on_result(doing.batch, answer)

    def _busy(self) -> list[Worker]:
        return [worker for worker, doing in self._workers.items() if doing is not None]

    def _exclusive(self) -> bool:
        return any(doing is not None and doing.exclusive for doing in self._workers.values())

    def _seconds_left(self, started: float) -> float:
        limit = float("inf") if self.minutes is None else 60 * self.minutes
        return limit - (time.monotonic() - started)

    def _told_to_stop(self) -> bool:
        orphaned = self.driver is not None and not still_running(self.driver)
        return orphaned or self.workload.stopped()

    def _leave(self, grace: float) -> None:
        """Have every worker leave its item within so many seconds, then end it."""
        workers, self._workers = dict(self._workers), {}
        busy = {worker.connection: worker for worker, doing in workers.items() if doing is not None}
        if grace:
            for worker in busy.values():
                worker.stop()
        deadline = time.monotonic() + grace
        while busy and (left := deadline - time.monotonic()) > 0:
            for connection in wait(list(busy), left):
                busy.pop(connection)  # type: ignore[call-overload]
        for worker in busy.values():
            worker.kill()
        for worker in workers:
            worker.end()


@dataclass(frozen=True)
class _Doing:
    batch: Batch
    started: float
    exclusive: bool

    def overdue(self, limit: float | None) -> bool:
        return limit is not None and time.monotonic() - self.started > limit


def _cause(code: int) -> str:
    if code >= 0:
        return f"its process exited with code {code}"
    try:
        return f"its process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was killed by signal {-code}"
