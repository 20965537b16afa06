"""WorkerPool: a job of a sweep, on this machine or on a node of a cluster.

A pool has one warm worker process per slot and gives each idle one the next batch.
A failure costs one batch: an exception or an exit is a result like any other, and a worker that
dies is replaced.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from submitit import JobEnvironment
from submitit.helpers import DelayedSubmission

from grokrfm.checks import GrokrfmError
from grokrfm.launch.backend import Backend
from grokrfm.launch.worker import Interrupted, Ready, Worker, exit_cause, with_news
from grokrfm.launch.workload import Batch, Death, Workload
from grokrfm.runs.processes import still_running

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
GRACE_SECONDS = 8.0
"""Time for workers to stop safely after a warning of SLURM."""

TERM_SECONDS = 3.5
"""The same after SIGTERM: SLURM kills after its KillWait, which is five seconds or more."""


class PoolError(GrokrfmError):
    """Pool that cannot work at all."""


class Assignment(NamedTuple):
    """A batch in a worker.

    Parameters
    ----------
    started   on the monotonic clock
    """

    batch: Batch
    started: float

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started


@dataclass
class WorkerPool:
    """A job as submitit runs it.

    Parameters
    ----------
    workload : Workload
    backend : Backend   gives the environment of each worker, and the time budget of the job
    logs : Path         folder of the output of workers
    driver              process that the pool must not outlive (see this_process); None: none
    start_worker        makes a worker from its slot, handler, environment and log
    """

    workload: Workload
    backend: Backend
    logs: Path
    driver: Mapping[str, Any] | None = None
    start_worker: Callable[[int, bytes, Mapping[str, str], Path], Worker] = Worker
    _workers: dict[Worker, Assignment | None] = field(default_factory=dict, repr=False)

    def __call__(self) -> Any:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles a terminal's Ctrl-C
        signal.signal(signal.SIGTERM, self._terminate)  # in place of submitit's, which only logs
        self.workload.begin()
        try:
            if not self.run():  # requeue, as after a time-out; the driver may have ended
                signal.raise_signal(signal.Signals["SIG" + JobEnvironment.USR_SIG])
        except Exception as error:
            self.workload.on_error(error)
            raise
        finally:
            self._stop_workers(0)
            self.workload.end()
        return self.workload.result()

    def checkpoint(self) -> DelayedSubmission:
        """Stop safely before a time-out or preemption; submitit requeues the result."""
        self._stop_workers(GRACE_SECONDS)
        return DelayedSubmission(self)

    def run(self) -> bool:
        """Do the batches; returns False if the remaining time is too short for the next one."""
        self._began, self._pace, self._done = time.monotonic(), 1.0, 0
        self._waiting = deque(self.workload.batches())
        self._alone: deque[Batch] = deque()  # to be done while no other worker works
        self._environments: Sequence[Mapping[str, str]] = self.backend.worker_environments()
        self._free_slots = deque(range(len(self._environments)))
        self._handler = self.workload.handler()
        in_time = True
        while True:
            if self._must_stop():
                self._stop_workers(GRACE_SECONDS)
                return True
            in_time = self._assign() and in_time
            busy = [worker for worker, assigned in self._workers.items() if assigned]
            if not busy:
                return in_time
            news = with_news(busy, POLL_SECONDS)
            for worker in busy:
                self._attend(worker, worker in news)

    def _assign(self) -> bool:
        """Give batches to idle workers; returns False if the remaining time is too short."""
        while source := self._next_source():
            if not self._fits(source[0]):
                log.info("the remaining time is too short for the next run: the job is requeued")
                self._waiting.clear()
                self._alone.clear()
                return False
            worker = self._idle_worker()
            if worker is None:
                break
            batch = source.popleft()
            self._workers[worker] = Assignment(batch, time.monotonic())
            worker.give(self.workload.item(batch))
        return True

    def _next_source(self) -> deque[Batch] | None:
        """Return the queue of the batch that may start next, if there is one."""
        if self._waiting:
            return self._waiting
        return self._alone if self._alone and not any(self._workers.values()) else None

    def _idle_worker(self) -> Worker | None:
        """Return an idle worker, started if a slot has none; None if all are busy."""
        for worker, assigned in list(self._workers.items()):
            if assigned is None:
                if not (worker.died or worker.connection.poll()):
                    return worker
                self._remove(worker)  # it died while it was idle
        if not self._free_slots:
            return None
        slot = self._free_slots.popleft()
        log_file = self.logs / f"{platform.node()}-{os.getpid()}-{slot}.log"
        worker = self.start_worker(slot, self._handler, self._environments[slot], log_file)
        self._workers[worker] = None
        return worker

    def _attend(self, worker: Worker, has_news: bool) -> None:
        """Receive the result of a busy worker, or kill it beyond its time limit."""
        assigned = self._workers[worker]
        assert assigned is not None
        limit = self.workload.limit(assigned.batch)
        too_long = worker.ready and limit is not None and assigned.elapsed > limit
        if not has_news:
            if too_long:
                worker.kill()
            return
        try:
            result = worker.receive()
        except EOFError:
            cause = f"killed after {limit:g} s, the time limit of a run" if too_long else None
            self._bury(worker, assigned.batch, cause)
        else:
            if isinstance(result, Ready):
                worker.ready = True
                self._workers[worker] = assigned._replace(started=time.monotonic())
                return
            if too_long or worker.ending:  # it may have been killed just after it had sent this
                self._remove(worker)
            else:
                self._workers[worker] = None
            if not isinstance(result, Interrupted):
                self._alone.extend(self.workload.on_result(assigned.batch, result))
        self._done += 1
        self._pace = max(0.9 * self._pace, assigned.elapsed / self.workload.seconds(assigned.batch))

    def _bury(self, worker: Worker, batch: Batch, cause: str | None) -> None:
        """Report the death of a worker and free its slot."""
        death = exit_cause(self._remove(worker))
        if not worker.ready:
            raise PoolError(f"a worker process cannot start, {death}:\n{worker.tail()}")
        self.workload.on_death(batch, Death(cause or death, worker.pid, worker.tail()))

    def _remove(self, worker: Worker) -> int:
        """End a worker, free its slot, and return its exit code."""
        del self._workers[worker]
        self._free_slots.append(worker.slot)
        return worker.end()

    def _fits(self, batch: Batch) -> bool:
        """True if a batch should end within the time budget of the job; the first may start."""
        minutes = self.backend.job_minutes
        if minutes is None or not self._done:
            return True
        remaining = 60 * minutes - (time.monotonic() - self._began)
        return remaining >= 1.2 * self._pace * self.workload.seconds(batch)

    def _must_stop(self) -> bool:
        orphaned = self.driver is not None and not still_running(self.driver)
        return orphaned or self.workload.stopped()

    def _terminate(self, *_: object) -> None:
        """Handle SIGTERM: the job was cancelled, or requeued by the scheduler."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self._stop_workers(TERM_SECONDS)
        raise SystemExit(128 + signal.SIGTERM)

    def _stop_workers(self, grace: float) -> None:
        """Ask every worker to stop its batch safely; end all of them after `grace` seconds."""
        workers, self._workers = self._workers, {}
        busy = [worker for worker, assigned in workers.items() if assigned]
        if grace:
            for worker in busy:
                worker.stop()
        deadline = time.monotonic() + grace
        while busy and (remaining := deadline - time.monotonic()) > 0:
            news = with_news(busy, remaining)
            busy = [worker for worker in busy if worker not in news]
        for worker in busy:
            worker.kill()
        for worker in workers:
            worker.end()

    def __getstate__(self) -> dict[str, Any]:
        return {**replace(self, _workers={}).__dict__}
