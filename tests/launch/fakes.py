"""A learner, a worker that is a thread, and a backend that computes in this process."""

import os
import pickle
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing import Pipe
from socket import SHUT_RDWR, socket
from typing import Any, ClassVar

from grokrfm.launch.backend import Backend
from grokrfm.launch.planning import plan_sweeps
from grokrfm.launch.worker import Interrupted, Ready
from grokrfm.runs.learner import Learner
from grokrfm.runs.provenance import provenance
from grokrfm.runs.settings import TARGET
from grokrfm.runs.store import Store


@dataclass(frozen=True)
class Load:
    """Seconds that a run takes for each unit of width."""

    seconds: float


class Counting(Learner):
    """Learns nothing; runs of equal width can be one batch."""

    def __init__(self, width: int, seed: int, load: Load, updates: int = 4):
        self.width, self.seed, self.load, self.iterations = width, seed, load, updates
        self.batch = 1 if width == 1 else 3
        self.features = range(updates + 1)

    def observe(self, device, keep, resume=None):
        return iter(())

    def cost(self):
        return self.load.seconds * self.width

    def cost_class(self):
        return "wide" if self.width > 8 else "narrow"

    def batch_key(self, device):
        return self.width


class ThreadWorker:
    """A worker of a pool whose process is a thread; the end of its pipe is its death."""

    died, ending, output = False, False, None

    def __init__(self, slot, act, starts=lambda: True):
        self.slot, self.ready, self.pid = slot, False, 1000 + slot
        self.stop_requested = threading.Event()
        self.connection, self._theirs = Pipe()
        self._dying = threading.Lock()
        self._code, self._act, self._starts = 0, act, starts
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self):
        with suppress(EOFError, OSError):  # the pool has ended
            if not self._starts():
                self.die(3)
            self._theirs.send_bytes(pickle.dumps(Ready()))
            while True:
                self._theirs.send(self._act(self._theirs.recv(), self))

    def die(self, code):
        with self._dying:
            self._code = self._code or code
        with socket(fileno=os.dup(self._theirs.fileno())) as end:  # its thread may be reading
            end.shutdown(SHUT_RDWR)
        raise EOFError

    def give(self, item):
        with suppress(OSError):
            self.connection.send(item)

    def stop(self):
        self.stop_requested.set()

    def receive(self):
        try:
            return self.connection.recv()
        except OSError as error:
            raise EOFError from error

    def kill(self):
        with suppress(EOFError, OSError):
            self.die(-9)

    def end(self, seconds=5):
        self.connection.close()
        return self._code

    def tail(self):
        return f"last words of slot {self.slot}"


def until_stopped(item, worker):
    """Act of a worker that does its item until it is asked to stop."""
    worker.stop_requested.wait(30)
    return Interrupted()


@dataclass(frozen=True)
class InProcess(Backend):
    """Jobs that are threads of this process, or done before `submit` returns.

    Parameters
    ----------
    job_size : int      runs of a job; None: all
    deed : str          key of DEEDS: what a job does
    threaded : bool     jobs run after `submit` has returned
    """

    scheduler: ClassVar[str] = "in process"
    queues: ClassVar[bool] = False
    deeds: ClassVar[dict[str, Any]] = {}
    threads_of_jobs: ClassVar[dict[str, threading.Thread]] = {}
    cancelled: ClassVar[list[str]] = []

    slots: int = 1
    minutes: float | None = None
    job_size: int | None = None
    deed: str = "finish"
    threaded: bool = False

    worker_threads = 1
    job_minutes = property(lambda self: self.minutes)
    workers = property(lambda self: self.slots)

    def check(self):
        pass

    def worker_environments(self):
        return [{"SLOT": str(slot)} for slot in range(self.slots)]

    def jobs(self, runs, costs):
        size = self.job_size or len(runs)
        return [list(runs[start : start + size]) for start in range(0, len(runs), size)]

    def submit(self, pools, folder):
        jobs = []
        for pool in pools:
            job = FakeJob(str(len(self.threads_of_jobs)))
            deed = self.deeds.get(self.deed) or DEEDS[self.deed]
            thread = threading.Thread(target=deed, args=(pool.workload, job.job_id), daemon=True)
            self.threads_of_jobs[job.job_id] = thread
            thread.start()
            if not self.threaded:
                thread.join()
            jobs.append(job)
        return jobs

    @staticmethod
    def cluster_name():
        return "here"

    @staticmethod
    def active(folder, ids):
        threads = InProcess.threads_of_jobs
        return {job: "RUNNING" for job in ids if threads[job].is_alive()}

    @staticmethod
    def cancel(folder, ids):
        InProcess.cancelled.extend(ids)


@dataclass
class FakeJob:
    job_id: str


def write_run(
    store, digest, status="finished", *, sweep=None, settings=None, origin=None, **end
):  # fmt: skip
    """Write an attempt as a run does; without an end if there is no status."""
    origin = {**provenance("cpu", 1), "sweep": sweep, **(origin or {})}
    start = {
        "digest": digest,
        "started": time.time(),
        "config": settings or {TARGET: "tests.launch.fakes.Counting"},
        "facts": {"title": "counting"},
        "provenance": origin,
        "cost": {"seconds": 2.0, "iterations": 4, "class": "narrow"},
    }
    attempt = store.start(**start)
    if status:
        end_run(store, attempt, status, **end)
    return attempt


def end_run(store, attempt, status="finished", *, error="broke", **end):
    """Write the end of an attempt."""
    entry = {"status": status, "ended": time.time(), "seconds": 1.0, "metrics": {"updates": 4}}
    if status in ("failed", "crashed"):
        entry["error"] = {"type": "Error", "message": error, "traceback": ""}
    store.end(attempt, {}, **{**entry, "features": [], **end})


def end_with(*statuses):
    """Deed of a job whose runs end so, attempt after attempt; the last status stays."""

    def deed(workload, job_id):
        plan, store = workload.folder.read_plan(), Store(workload.folder.study)
        before = Counter(record.digest for record in store.records())
        for i in workload.runs:
            digest, settings = plan.digests[i], plan.settings[i]
            status = statuses[min(before[digest], len(statuses) - 1)]
            write_run(store, digest, status, sweep=workload.folder.name, settings=settings)

    return deed


DEEDS = {"finish": end_with("finished"), "nothing": lambda workload, job_id: None}


def settings(outputs, *, width=1, seed=0, seconds=2.0, hardware=None, **changed):
    """Plain settings of a run of Counting."""
    if hardware is None or TARGET not in hardware:
        backend = asdict(InProcess("cpu", 1, True, None))
        hardware = {TARGET: "tests.launch.fakes.InProcess", **backend, **(hardware or {})}
    return {
        TARGET: "tests.launch.fakes.Counting",
        "width": width,
        "seed": seed,
        "load": {TARGET: "tests.launch.fakes.Load", "seconds": seconds},
        "outputs": str(outputs),
        "study": {"name": "demo", "tables": [], "figures": []},
        "hardware": hardware,
        "save": {"features": "none", "predictions": "none"},
        "tracker": {TARGET: "grokrfm.runs.observer.Observer", "name": "none"},
        "rerun": False,
        "retry": "none",
        "dry_run": False,
        **changed,
    }


def sweep_of(outputs, runs, **common):
    """A Sweep over some runs of Counting, each given as its own settings."""
    texts = [[f"{key}={value}" for key, value in run.items()] for run in runs]
    given = {tuple(text): run for text, run in zip(texts, runs, strict=True)}
    [sweep], _ = plan_sweeps(lambda text: settings(outputs, **common, **given[tuple(text)]), texts)
    return sweep
