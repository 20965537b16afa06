"""`kill -9` of workers and of the command at random moments, over and over: slow."""

import os
import random
import signal
import time
from collections import Counter

import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines, start
from tests.cli.test_kill import processes_of, until_gone

RUNS = ["-m", "task.modulus=11", "rfm.iterations=25", "rfm.checkpoint_seconds=0"]
TRIALS = 50


def seeds(count):
    return f"seed=range(0,{count})"


def table(study):
    steps = collect.steps(study).drop(columns="seconds")
    return steps.sort_values(["digest", "iteration"], ignore_index=True)


def killed(pid):
    """Kill a process; True if there was one, or its remains."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_sweep_killed_at_many_random_moments_ends_as_if_undisturbed(tmp_path):
    study = tmp_path / "outputs" / "demo"
    moments = random.Random(0)
    kept: dict[str, dict] = {}
    hit: Counter[str] = Counter()
    for _ in range(2 * TRIALS):
        if hit.total() == TRIALS:
            break
        runs = len(kept) + 150  # more than are done before the kill, on two cores
        process = start(tmp_path, *RUNS, seeds(runs), "study=demo")
        time.sleep(moments.uniform(0.5, 4.0))
        which = moments.choice(["driver", "any", "all"])
        alive = processes_of(tmp_path)
        chosen = {"driver": [process.pid], "any": [moments.choice(alive or [0])], "all": alive}
        going = process.poll() is None
        hit[which] += going and sum(killed(pid) for pid in chosen[which] if pid) > 0
        process.communicate(timeout=120)
        until_gone(tmp_path)
        finished = {e["attempt"]: e for e in lines(study, "ended") if e["status"] == "finished"}
        assert kept.items() <= finished.items()  # every finished record intact
        kept = finished
    assert hit.total() == TRIALS

    whole = [*RUNS, seeds(runs)]
    assert grokrfm(tmp_path, *whole, "study=demo").returncode == 0
    assert grokrfm(tmp_path, *whole, "study=undisturbed").returncode == 0
    undisturbed = tmp_path / "outputs" / "undisturbed"
    pd.testing.assert_frame_equal(table(study), table(undisturbed), check_exact=True)
    attempts = {entry["attempt"]: entry["digest"] for entry in lines(study, "started")}
    finished = Counter(
        attempts[e["attempt"]] for e in lines(study, "ended") if e["status"] == "finished"
    )
    assert set(finished.values()) == {1}  # nothing was done twice
