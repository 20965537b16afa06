"""Processes of this host: found, gone, a zombie, or seen without a /proc of their own."""

import subprocess
import sys

import pytest

from grokrfm.runs.processes import still_running, this_process
from tests.launch.hosts import on_several_hosts

CHILDREN = """
import subprocess, sys, time
from grokrfm.runs import processes
from grokrfm.runs.processes import process_start, still_running, this_process

me = this_process()
assert still_running(me)
assert (me["process_start"] is not None) == processes.are_listed()
child = subprocess.Popen(["sh", "-c", "read line; exit 3"], stdin=subprocess.PIPE)
identity = {**me, "pid": child.pid, "process_start": process_start(child.pid)}
assert still_running(identity)
child.stdin.close()
deadline = time.monotonic() + 60
while still_running(identity):  # it becomes a zombie
    assert time.monotonic() < deadline
    time.sleep(0.01)
assert child.wait() == 3  # and its exit code is still there for those who started it
assert not still_running(identity)
print(processes.are_listed())
"""


@pytest.mark.parametrize(
    ("place", "listed"),
    [([], True), pytest.param(["unshare", "--pid", "--fork"], False, marks=on_several_hosts)],
    ids=["here", "in a namespace without a /proc of its own"],
)
def test_a_process_runs_until_it_has_ended(place, listed):
    command = [*place, sys.executable, "-c", CHILDREN]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=100, check=False)
    assert done.stdout == f"{listed}\n", done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("pid", [None, "seven", 0, -1, 2**22 + 1, 10**30])
def test_no_process_has_a_damaged_identity(pid):
    assert not still_running({**this_process(), "pid": pid})


def test_a_pid_that_was_given_out_again_is_another_process():
    assert still_running(this_process())
    assert not still_running({**this_process(), "process_start": "1"})
