"""Real worker processes: what an item does to its process costs no other item."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import pytest

from grokrfm.launch.pool import WorkerPool
from grokrfm.launch.worker import Raised, Worker
from grokrfm.runs.log import KEPT
from tests.launch.deeds import do
from tests.launch.fakes import InProcess
from tests.launch.test_pool import Items

ROOT = Path(__file__).parents[2]
UNDISTURBED = ["0", None, str(Path.cwd())]


class Deeds(Items):
    """Workload of deeds."""

    def __init__(self, deeds, limit):
        super().__init__(len(deeds), limit=limit)
        self.deeds = deeds

    def handler(self):
        return cloudpickle.dumps(do)

    def item(self, batch):
        return self.deeds[batch[0]]


def run(folder, *deeds, limit=None):
    """The workload after one slot has done the deeds in turn, and the log of the slot."""
    work = Deeds(deeds, limit)
    pool = WorkerPool(work, InProcess("cpu", 1, True, None), folder, start_worker=Worker)
    try:
        assert pool.run() is True
    finally:
        pool._stop_workers(0)
    [log] = folder.glob("*-0.log")
    return work, log.read_text()


RAISING = {"interrupt": "KeyboardInterrupt", "exit": "SystemExit: 3", "unnamed": "ValueError"}
CHANGING = ["clear", "set", "move", "replace", "mute"]


def test_a_deed_costs_its_own_item_and_changes_nothing_for_the_next(tmp_path):
    deeds = [*RAISING, *CHANGING]
    work, log = run(tmp_path, *(each for deed in deeds for each in (deed, "look")))
    for number, deed in enumerate(deeds):
        assert work.results[2 * number + 1] == UNDISTURBED, deed
        if deed in RAISING:
            raised = work.results[2 * number]
            assert isinstance(raised, Raised)
            assert raised.message == RAISING[deed]
            assert raised.traceback.startswith("Traceback")
    assert work.deaths == {}
    assert log.count("seen\n") == len(deeds)
    assert "---\nbuffered\n---" in log


DEADLY = {
    "vanish 0": "its process exited with code 0",
    "vanish 7": "its process exited with code 7",
    "die": "its process was killed by SIGSEGV",
    "close": "it closed the connection of its worker process",
    "reopen": "it closed the connection of its worker process",
    "fork": "its process exited with code 7",
    "fork apart": "its process exited with code 7",
}


def test_a_death_is_noticed_by_the_process_and_named(tmp_path):
    began = time.monotonic()
    work, _ = run(tmp_path, *DEADLY)
    assert {work.deeds[i]: death.cause for i, death in work.deaths.items()} == DEADLY
    assert time.monotonic() - began < 100  # a child of an item holds its connection for 120 s


def test_a_child_does_not_keep_an_item_beyond_its_time_limit(tmp_path):
    began = time.monotonic()
    work, _ = run(tmp_path, "fork apart and hang", "fork and hang", "look", limit=1.0)
    assert [death.cause for death in work.deaths.values()] == [
        "killed after 1 s, the time limit of a run"
    ] * 2
    assert work.results == {2: UNDISTURBED}
    assert time.monotonic() - began < 100
    child = int(work.deaths[1].tail.split()[1])
    until(lambda: not is_running(child))  # it dies with its worker


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_forked_child_does_not_answer_for_the_worker(tmp_path):
    work, _ = run(tmp_path, "answer twice", "none", "none")
    assert work.results == {0: "parent", 1: "done", 2: "done"}


def test_the_middle_of_a_long_output_is_cut_out_of_the_log(tmp_path):
    work, log = run(tmp_path, "shout", "shout and die", "look")
    first, second, third = log.split("---\n")[1:]
    for text in (first, second):
        head, notice, rest = re.split(r"\n(\[.*\])\n", text)
        [cut] = re.findall(r"^\[\.\.\. (\d+) MB cut here: a log keeps the first and the last 2 MB"
                           r" that a run prints \.\.\.\]$", notice)  # fmt: skip
        assert min(len(head), len(rest)) >= KEPT and len(text) < 3 * KEPT + 1000
        assert int(cut) == pytest.approx(200 - len(head + rest) / 1e6, abs=0.6)
        assert "x\nlast words\n" in rest
    assert third == "seen\n"
    assert work.deaths[1].tail.endswith("x\nlast words")


@pytest.mark.slow
def test_a_worker_that_prints_ends_with_its_pool_and_its_item_does_not_fail(tmp_path):
    """Its item could else be recorded as failed: the pipe is broken that takes its output."""
    code = "from pathlib import Path; from tests.launch.test_worker import run"
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        pool = subprocess.Popen(
            [sys.executable, "-c", f"{code}; run(Path(), 'chatter')"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        until(lambda folder=folder: sum(log.stat().st_size for log in folder.glob("*.log")) > 10**6)
        pool.kill()
        pool.wait()
        [log] = folder.glob("*.log")
        worker = int(log.read_text().splitlines()[1])
        until(lambda worker=worker: not is_running(worker))
        assert not (folder / "raised").exists()
