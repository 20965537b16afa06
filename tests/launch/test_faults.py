"""What a run does costs that run alone, on this machine's pool: real commands, real deaths."""

import time

import pytest

from grokrfm import collect
from tests.cli.command import lines, status


@pytest.fixture(scope="module")
def harmed(tmp_path_factory):
    """A sweep in which every second run does a deed, and what the command said."""
    from tests.launch.conftest import Sabotage

    sabotage = Sabotage(tmp_path_factory.mktemp("harmed"))
    deeds = "none,raise,exit,interrupt,clear,vanish,segv"
    done = sabotage(f"kernel.deed={deeds}", "seed=0,1", "hardware.slots=2")
    return sabotage, done


def by_deed(sabotage):
    return collect.runs(sabotage.study).groupby("kernel.deed")["status"].agg(list).to_dict()


def test_every_other_run_finishes(harmed):
    sabotage, done = harmed
    assert done.returncode == 1
    assert by_deed(sabotage) == {
        "none": ["finished"] * 2,
        "raise": ["failed"] * 2,
        "exit": ["failed"] * 2,
        "interrupt": ["failed"] * 2,
        "clear": ["finished"] * 2,
        "vanish": ["crashed"] * 2,
        "segv": ["crashed"] * 2,
    }
    assert done.stdout.splitlines()[-1] == "4 finished, 6 failed, 4 crashed"


def test_nothing_is_tried_twice(harmed):
    started = [entry["digest"] for entry in lines(harmed[0].study, "started")]
    assert len(started) == len(set(started)) == 14


def test_failures_are_grouped_with_an_example_and_the_command_to_run_them_again(harmed):
    told = harmed[1].stderr
    assert "2 failed: the kernel broke\n" in told
    assert "    RuntimeError: the kernel broke\n" in told
    assert "2 crashed: its process was killed by SIGSEGV\n" in told
    assert "    about to crash\n" in told  # the end of its log
    assert "2 crashed: its process exited with code 4\n" in told
    assert "    about to go\n" in told
    assert "2 failed: SystemExit: 3\n" in told
    assert "2 failed: KeyboardInterrupt\n" in told
    assert told.splitlines()[-1].startswith("run again what is not finished: grokrfm -m ")


def test_a_crash_is_recorded_with_its_signal_and_the_tail_of_its_log(harmed):
    crashed = [e for e in lines(harmed[0].study, "ended") if e["status"] == "crashed"]
    causes = {e["error"]["message"]: e["error"]["traceback"] for e in crashed}
    assert "about to crash" in causes["its process was killed by SIGSEGV"]
    assert "about to go" in causes["its process exited with code 4"]


def test_status_groups_them_too_and_shows_the_log(harmed):
    sabotage = harmed[0]
    told = status(sabotage.folder, "outputs/demo").stdout
    assert told.splitlines()[0] == "outputs/demo: 4 finished, 6 failed, 4 crashed"
    assert "crashed (2): its process was killed by SIGSEGV" in told
    runs = collect.runs(sabotage.study)
    digest = runs.loc[runs["kernel.deed"] == "segv", "digest"].iloc[0]
    log = status(sabotage.folder, "outputs/demo", "--log", digest).stdout.splitlines()
    assert log[-1] == "about to crash" and log[-2].startswith("--- ")  # no lines of other runs
    tracebacks = status(sabotage.folder, "outputs/demo", "--failures").stdout
    assert tracebacks.count("RuntimeError: the kernel broke") == 2


def test_a_second_launch_runs_what_failed_again_and_leaves_the_rest(sabotage):
    assert sabotage("kernel.deed=none,raise").returncode == 1
    done = sabotage("kernel.deed=none,raise")
    assert done.stdout.splitlines()[-1] == "1 already finished, 1 failed"


@pytest.mark.parametrize(
    ("retry", "attempts"),
    [("none", {"raise": 1, "vanish": 1}), ("failed", {"raise": 2, "vanish": 1}),
     ("crashed", {"raise": 1, "vanish": 2}), ("all", {"raise": 2, "vanish": 2})],
)  # fmt: skip
def test_retry_tries_once_more_in_the_same_launch(sabotage, retry, attempts):
    sabotage("kernel.deed=raise,vanish", f"retry={retry}", "hardware.slots=1")
    deeds = [entry["config"]["kernel"]["deed"] for entry in lines(sabotage.study, "started")]
    assert {deed: deeds.count(deed) for deed in attempts} == attempts


def test_retry_must_be_one_of_its_words(sabotage):
    done = sabotage("kernel.deed=none", "retry=faild")
    assert done.returncode == 1
    assert done.stderr == ("retry must be one of none, failed, crashed, all, got 'faild'\n")
    assert not sabotage.study.exists()


def test_out_of_memory_is_tried_once_more_alone(sabotage):
    done = sabotage("kernel.deed=memory_once,memory", "seed=0", "hardware.slots=1")
    assert by_deed(sabotage) == {"memory_once": ["finished"], "memory": ["failed"]}
    assert done.stdout.splitlines()[-1] == "1 finished, 1 failed"
    assert len(lines(sabotage.study, "started")) == 4


def test_a_run_beyond_its_time_limit_is_killed(sabotage):
    began = time.monotonic()
    done = sabotage("kernel.deed=sleep,none", "hardware.run_minutes=0.05")
    assert time.monotonic() - began < 60
    assert by_deed(sabotage) == {"sleep": ["crashed"], "none": ["finished"]}
    assert "1 crashed: killed after 3 s, the time limit of a run" in done.stderr
