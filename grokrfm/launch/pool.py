"""The worker loop: what every job of a sweep runs, on this machine or on a node of a cluster.

A pool has lanes, one warm process per slot, and gives each the next piece of work as soon as it is
free. Whatever a lane does, it costs the work it has in hand and nothing else: an exception or an
exit is an answer like any other, and a lane that dies is replaced.
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
from grokrfm.launch.lane import Interrupted, Lane, Ready
from grokrfm.runs.record import still_running

log = logging.getLogger(__name__)

Group = tuple[int, ...]
"""Numbers of the items that a lane does together; nearly always one."""

POLL_SECONDS = 0.5
GRACE_SECONDS = 8.0
"""How long a lane may take to leave its item safely when SLURM gives warning."""

TERM_SECONDS = 3.5
"""The same when SLURM only says TERM: it kills a KillWait later, five seconds and more."""


@dataclass(frozen=True)
class Death:
    """How a lane died.

    Parameters
    ----------
    cause : str   in words, such as "killed by SIGSEGV"
    pid : int     of the lane
    tail : str    the last lines it printed
    """

    cause: str
    pid: int
    tail: str


class PoolError(GrokrfmError):
    """A pool cannot work at all."""


class Work(Protocol):
    """What a pool is to do; it is pickled into the job, and sees to its results itself."""

    def begin(self) -> None:
        """The job starts, or starts again."""

    def end(self) -> None:
        """The job ends, or is to start again; no lane is left."""

    def perform(self) -> bytes:
        """The pickled Perform that lanes are sent first."""

    def groups(self) -> list[Group]:
        """What is still to be done, in order; read anew when a job starts again."""

    def item(self, group: Group) -> Any:
        """What a lane is given to do a group."""

    def seconds(self, group: Group) -> float:
        """Estimated duration of a group."""

    def limit(self, group: Group) -> float | None:
        """Seconds after which a lane that still does the group is killed."""

    def take(self, group: Group, answer: Any) -> list[Group]:
        """Take up what a lane answered; returns groups to be done again, each alone."""

    def died(self, group: Group, death: Death) -> None:
        """A group's lane died while it did it."""

    def stopped(self) -> bool:
        """Whether the whole of the work was told to stop."""

    def broke(self, error: Exception) -> None:
        """The pool cannot go on."""

    def result(self) -> Any:
        """What the job returns; called when it has come to its own end."""


class Slots(Protocol):
    """Where the lanes of a pool compute."""

    def __len__(self) -> int:
        """How many lanes there will be."""

    def environments(self) -> Sequence[Mapping[str, str]]:
        """The variables of each lane, one lane for each; asked in the job itself."""


@dataclass
class Pool:
    """A job of a sweep, as submitit runs it.

    Parameters
    ----------
    work : Work
    slots : Slots
    logs : Path         folder for what the lanes print
    minutes : float     for which it may work, None for ever: work that would not fit is handed back
    driver              provenance of the process without which the pool stops; None: it goes on
    """

    work: Work
    slots: Slots
    logs: Path
    minutes: float | None = None
    driver: Mapping[str, Any] | None = None
    _lanes: dict[Lane, _Doing | None] = field(default_factory=dict, repr=False)

    def __call__(self) -> Any:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the driver's affair
        signal.signal(signal.SIGTERM, self._end)  # in place of submitit's, which only logs
        self.work.begin()
        try:
            self._run()
        except Exception as error:
            self.work.broke(error)
            raise
        finally:
            self._leave(0)
            self.work.end()
        return self.work.result()

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
        return {**self.__dict__, "_lanes": {}}

    def _run(self) -> None:
        started, pace, handed_back = time.monotonic(), 1.0, False
        waiting = deque(self.work.groups())
        alone: deque[Group] = deque()  # to be done while no other lane works
        environments = self.slots.environments()
        free = deque(range(len(environments)))
        perform = self.work.perform()
        done = 0
        while True:
            if self._told_to_stop():
                self._leave(GRACE_SECONDS)
                return
            while (waiting and not self._exclusive()) or (alone and not self._busy()):
                source = waiting if waiting else alone
                remaining = self._seconds_left(started)
                if done and remaining < 1.2 * pace * self.work.seconds(source[0]):
                    handed_back = True
                    waiting.clear()
                    alone.clear()
                    break
                lane = self._idle_lane(perform, free, environments)
                if lane is None:
                    break
                group = source.popleft()
                self._lanes[lane] = _Doing(group, time.monotonic(), exclusive=source is alone)
                lane.give(self.work.item(group))
            busy = self._busy()
            if not busy:
                break
            ready = wait([lane.connection for lane in busy], POLL_SECONDS)
            for lane in busy:
                doing = self._lanes[lane]
                assert doing is not None
                if lane.connection in ready:
                    alone.extend(self._receive(lane, doing, free))
                    if self._lanes.get(lane) is None:  # not a lane that has only started
                        done += 1
                        elapsed = time.monotonic() - doing.started
                        pace = max(0.9 * pace, elapsed / self.work.seconds(doing.group))
                elif doing.overdue(self.work.limit(doing.group)):
                    lane.kill()
        if handed_back:  # to the scheduler, as at a time-out: nobody else may be there to take it
            log.info("the time left is too short for what is next: the job asks to start again")
            signal.raise_signal(signal.Signals["SIG" + JobEnvironment.USR_SIG])

    def _idle_lane(
        self, perform: bytes, free: deque[int], environments: Sequence[Mapping[str, str]]
    ) -> Lane | None:
        """A lane without work, started if a slot has none; None if all are busy."""
        idle = [lane for lane, doing in self._lanes.items() if doing is None]
        if idle:
            return idle[0]
        if not free:
            return None
        slot = free.popleft()
        log_file = self.logs / f"{platform.node()}-{os.getpid()}-{slot}.log"
        lane = Lane(slot, perform, environments[slot], log_file)
        self._lanes[lane] = None
        return lane

    def _receive(self, lane: Lane, doing: _Doing, free: deque[int]) -> list[Group]:
        try:
            answer = lane.receive()
        except EOFError:
            code = lane.end()
            if not lane.ready:
                raise PoolError(
                    f"a worker process cannot start, {_cause(code)}:\n{lane.tail()}"
                ) from None
            cause = _cause(code)
            if doing.overdue(limit := self.work.limit(doing.group)):
                cause = f"killed after {limit:g} s, the time limit of a run"
            self.work.died(doing.group, Death(cause, lane.process.pid, lane.tail()))
            del self._lanes[lane]
            free.append(lane.slot)
            return []
        if isinstance(answer, Ready):
            lane.ready = True
            self._lanes[lane] = replace(doing, started=time.monotonic())
            return []
        self._lanes[lane] = None
        if isinstance(answer, Interrupted):
            return []
        return self.work.take(doing.group, answer)

    def _busy(self) -> list[Lane]:
        return [lane for lane, doing in self._lanes.items() if doing is not None]

    def _exclusive(self) -> bool:
        return any(doing is not None and doing.exclusive for doing in self._lanes.values())

    def _seconds_left(self, started: float) -> float:
        limit = float("inf") if self.minutes is None else 60 * self.minutes
        return limit - (time.monotonic() - started)

    def _told_to_stop(self) -> bool:
        orphaned = self.driver is not None and not still_running(self.driver)
        return orphaned or self.work.stopped()

    def _leave(self, grace: float) -> None:
        """Have every lane leave its item within so many seconds, then end it."""
        lanes, self._lanes = dict(self._lanes), {}
        busy = {lane.connection: lane for lane, doing in lanes.items() if doing is not None}
        if grace:
            for lane in busy.values():
                lane.stop()
        deadline = time.monotonic() + grace
        while busy and (left := deadline - time.monotonic()) > 0:
            for connection in wait(list(busy), left):
                busy.pop(connection)  # type: ignore[call-overload]
        for lane in busy.values():
            lane.kill()
        for lane in lanes:
            lane.end()


@dataclass(frozen=True)
class _Doing:
    group: Group
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
