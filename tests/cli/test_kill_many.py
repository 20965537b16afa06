"""`kill -9` at random moments, over and over: slow."""

import random
import time

import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, start

RUN = [
    "task.modulus=23",
    "split=fixed_points",
    "split.train_to_test=2",
    "rfm.iterations=400",
    "rfm.checkpoint_seconds=0",
    "save.features=all",
]


@pytest.mark.slow
def test_a_run_killed_at_many_random_moments_ends_as_if_undisturbed(tmp_path):
    moments = random.Random(0)
    kills = 0
    for _ in range(25):
        process = start(tmp_path, *RUN, "study=demo")
        time.sleep(moments.uniform(1.5, 3.5))
        kills += process.poll() is None
        process.kill()
        process.communicate()
    assert kills >= 5
    assert grokrfm(tmp_path, *RUN, "study=demo").returncode == 0
    assert grokrfm(tmp_path, *RUN, "study=undisturbed").returncode == 0

    demo, undisturbed = tmp_path / "outputs" / "demo", tmp_path / "outputs" / "undisturbed"
    steps, expected = (
        collect.steps(study).drop(columns="seconds") for study in (demo, undisturbed)
    )
    pd.testing.assert_frame_equal(steps, expected, check_exact=True)
    [digest] = collect.runs(demo)["digest"]
    ours, theirs = collect.features(demo, digest), collect.features(undisturbed, digest)
    assert list(ours) == list(range(401))
    assert all((ours[k] == theirs[k]).all() for k in ours)
    assert not list((demo / "checkpoints").iterdir())
