"""A worker pool with workers that are threads: no process is started."""

import signal
import threading
import time
from functools import partial

import cloudpickle
import pytest

from grokrfm.launch.pool import PoolError, WorkerPool
from grokrfm.launch.worker import Raised
from grokrfm.runs.processes import this_host
from tests.launch.fakes import InProcess, ThreadWorker, until_stopped


class Items:
    """Workload that notes everything that happens to its items."""

    def __init__(self, count, *, limit=None, estimate=1.0, retried=()):
        self.count, self.limit_seconds, self.estimate = count, limit, estimate
        self.results, self.deaths, self.errors = {}, {}, []
        self.retried = set(retried)
        self.stop_requested = False
        self.phases = []

    def begin(self):
        self.phases.append("began")

    def end(self):
        self.phases.append("ended")

    def handler(self):
        return b"the handler"

    def batches(self):
        return [(i,) for i in range(self.count) if i not in self.results]

    def item(self, batch):
        return batch[0]

    def seconds(self, batch):
        return self.estimate

    def limit(self, batch):
        return self.limit_seconds

    def on_result(self, batch, result):
        again = batch[0] in self.retried
        self.retried -= set(batch)
        if again:
            return [batch]
        self.results[batch[0]] = result
        return []

    def on_death(self, batch, death):
        self.deaths[batch[0]] = death

    def stopped(self):
        return self.stop_requested

    def on_error(self, error):
        self.errors.append(error)

    def result(self):
        return self.results


def square(item, worker):
    return item**2


def pool_of(workload, act, tmp_path, *, slots=1, minutes=None, starts=lambda: True):
    """A pool, and the workers that it has started."""
    started = []

    def start(slot, handler, environment, log):
        assert (handler, environment) == (b"the handler", {"SLOT": str(slot)})
        assert log.parent == tmp_path
        worker = ThreadWorker(slot, act, starts)
        started.append(worker)
        return worker

    backend = InProcess("cpu", 1, True, None, slots=slots, minutes=minutes)
    return WorkerPool(workload, backend, tmp_path, start_worker=start), started


def test_every_item_is_done_and_a_worker_does_many(tmp_path):
    work = Items(5)
    pool, started = pool_of(work, square, tmp_path, slots=2)
    assert pool.run() is True
    assert work.results == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}
    assert sorted(worker.slot for worker in started) == [0, 1]


def test_an_item_that_raises_is_a_result_like_any_other(tmp_path):
    raised = Raised("ValueError", "no", "a traceback")
    work = Items(2)
    pool, started = pool_of(work, lambda item, _: raised if item == 0 else "done", tmp_path)
    assert pool.run() is True
    assert work.results == {0: raised, 1: "done"}
    assert len(started) == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (4, "its process exited with code 4"),
        (-signal.SIGSEGV, "its process was killed by SIGSEGV"),
        (-64 - 1, "its process was killed by signal 65"),
    ],
)
def test_a_worker_that_dies_costs_its_item_and_is_replaced(tmp_path, code, cause):
    work = Items(3)
    pool, started = pool_of(
        work, lambda item, worker: worker.die(code) if item == 1 else item, tmp_path
    )
    assert pool.run() is True
    assert work.results == {0: 0, 2: 2}
    [(item, death)] = work.deaths.items()
    assert (item, death.cause) == (1, cause)
    assert (death.pid, death.tail) == (1000, "last words of slot 0")
    assert [worker.slot for worker in started] == [0, 0]


def test_an_item_beyond_its_time_limit_is_killed(tmp_path):
    work = Items(2, limit=0.2)
    pool, _ = pool_of(
        work, lambda item, worker: item if item else until_stopped(item, worker), tmp_path
    )
    assert pool.run() is True
    assert work.deaths[0].cause == "killed after 0.2 s, the time limit of a run"
    assert work.results == {1: 1}


class LateWorker(ThreadWorker):
    """A worker that ends its item just before it is killed."""

    def kill(self):
        self.stop_requested.set()
        self.connection.poll(5)  # until the result is there
        super().kill()


def test_a_worker_killed_just_after_its_item_costs_no_other_item(tmp_path):
    def act(item, worker):
        if item == 0:
            worker.stop_requested.wait(30)
        return item

    work = Items(2, limit=0.2)
    pool, _ = pool_of(work, act, tmp_path)
    pool.start_worker = lambda slot, *_: LateWorker(slot, act)
    assert pool.run() is True
    assert (work.results, work.deaths) == ({0: 0, 1: 1}, {})


def test_an_idle_worker_that_dies_is_replaced_and_costs_nothing(tmp_path):
    first_died = threading.Event()

    def act(item, worker):
        if item == 0:
            threading.Thread(target=die_idle, args=[worker]).start()
        else:
            first_died.wait(5)
        return item

    def die_idle(worker):
        while 0 not in work.results:
            time.sleep(0.01)
        worker.kill()
        first_died.set()

    work = Items(2, retried=[1])  # slot 0 is idle when item 1 is to be done alone
    pool, started = pool_of(work, act, tmp_path, slots=2)
    assert pool.run() is True
    assert (work.results, work.deaths) == ({0: 0, 1: 1}, {})
    assert {worker.slot for worker in started} == {0, 1}


def test_the_time_limit_does_not_count_the_start_of_a_worker(tmp_path, monkeypatch):
    monkeypatch.setattr("grokrfm.launch.pool.POLL_SECONDS", 0.01)
    held = threading.Event()
    threading.Timer(0.6, held.set).start()
    work = Items(1, limit=0.3)
    act = lambda item, worker: time.sleep(0.1) or item  # noqa: E731
    pool, _ = pool_of(work, act, tmp_path, starts=lambda: held.wait(5))
    pool.run()
    assert work.deaths == {}
    assert work.results == {0: 0}


def test_an_item_that_needs_more_memory_is_done_again_while_no_other_worker_works(tmp_path):
    busy, overlaps = set(), []

    def act(item, worker):
        busy.add(item)
        time.sleep(0.05)
        overlaps.append((item, set(busy)))
        busy.discard(item)
        return item

    work = Items(6, retried=[0, 3])
    pool, _ = pool_of(work, act, tmp_path, slots=3)
    assert pool.run() is True
    assert sorted(work.results) == [0, 1, 2, 3, 4, 5]
    assert len(overlaps) == 8
    assert {item for item, _ in overlaps[-2:]} == {0, 3}
    assert all(others == {item} for item, others in overlaps[-2:])
    assert any(len(others) > 1 for _, others in overlaps[:-2])


def test_nothing_starts_that_would_not_end_in_time(tmp_path):
    work = Items(3, estimate=2.0)
    pool, _ = pool_of(work, square, tmp_path, minutes=1 / 60)
    assert pool.run() is False  # the first always starts; then one second is too short for two
    assert work.results == {0: 0}


@pytest.mark.parametrize("retried", [[], [1]])
def test_an_item_under_way_ends_when_the_time_is_too_short_for_another(tmp_path, retried):
    first_done = threading.Event()

    def act(item, worker):
        if item == 0:
            first_done.set()
        else:
            first_done.wait(5)
            time.sleep(0.2)
        return item

    work = Items(4, estimate=2.0, retried=retried)
    pool, _ = pool_of(work, act, tmp_path, slots=2, minutes=1 / 60)
    assert pool.run() is False
    assert work.results == ({0: 0} if retried else {0: 0, 1: 1})  # no time for another try
    assert work.retried == set()


def test_a_pool_that_is_asked_to_stop_stops_its_workers(tmp_path):
    work = Items(3)
    begun = threading.Event()

    def act(item, worker):
        begun.set()
        return until_stopped(item, worker)

    def stop():
        begun.wait(5)
        work.stop_requested = True

    threading.Thread(target=stop).start()
    pool, started = pool_of(work, act, tmp_path, slots=2)
    assert pool.run() is True
    assert (work.results, work.deaths) == ({}, {})
    assert len(started) == 2
    assert all(worker.stop_requested.is_set() for worker in started)
    assert all(worker.connection.closed for worker in started)


def test_a_pool_without_its_driver_stops(tmp_path):
    work = Items(3)
    pool, _ = pool_of(work, square, tmp_path)
    pool.driver = {"host": "nowhere", "pid": 1}  # of another host, so it may run
    pool.run()
    assert len(work.results) == 3
    work.results.clear()
    pool.driver = {**this_host(), "pid": 2**22 + 1, "process_start": "1"}
    assert pool.run() is True
    assert work.results == {}


def test_a_worker_that_cannot_start_ends_the_pool(tmp_path):
    work = Items(3)
    pool, _ = pool_of(work, square, tmp_path, starts=lambda: False)
    with pytest.raises(PoolError, match=r"cannot start, its process exited with code 3:\nlast wor"):
        pool.run()


def test_a_job_begins_ends_and_returns_what_the_workload_says(tmp_path):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    work = Items(2)
    pool, started = pool_of(work, square, tmp_path)
    try:
        assert pool() == {0: 0, 1: 1}
        assert work.phases == ["began", "ended"]
        assert all(worker.connection.closed for worker in started)
        failing, _ = pool_of(Items(1), square, tmp_path, starts=lambda: False)
        with pytest.raises(PoolError):
            failing()
        assert [type(error) for error in failing.workload.errors] == [PoolError]
        assert failing.workload.phases == ["began", "ended"]
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_a_job_that_ran_out_of_time_is_submitted_as_it_was(tmp_path):
    work = Items(4, estimate=2.0)
    backend = InProcess("cpu", 1, True, None, minutes=1 / 60)
    pool = WorkerPool(work, backend, tmp_path, start_worker=partial(_started, square))
    assert pool.run() is False
    again = cloudpickle.loads(cloudpickle.dumps(pool.checkpoint().function))
    assert vars(again).keys() == vars(WorkerPool(work, backend, tmp_path)).keys()
    assert again.workload.results == {0: 0}
    assert (again.backend, again.logs) == (backend, tmp_path)
    again.run()
    assert again.workload.results == {0: 0, 1: 1}


def _started(act, slot, handler, environment, log):
    return ThreadWorker(slot, act)
