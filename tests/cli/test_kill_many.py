"""`kill -9` at random moments, over and over: slow."""

import os
import random
import time
from pathlib import Path

import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines, start

RFM = ["task.modulus=23", "split=fixed_points", "split.train_to_test=2"]
RFM += ["rfm.iterations=400", "rfm.checkpoint_seconds=0", "save.features=all"]
DYNAMICS = ["--config-name", "dynamics", "env=s3", "train.restarts=2", "save.features=all"]
DYNAMICS += ["train.updates=6000", "train.observe_every=20", "train.checkpoint_seconds=0"]
KILLS = 10


def computed(process):
    """Return the seconds that a process has computed, which other load does not change."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "latest", "kept"),  # latest moment in seconds of computing after an attempt has begun
    [
        pytest.param(RFM, 1.2, range(401), id="rfm"),
        # its first second goes by before the first update: torch.func is imported
        pytest.param(DYNAMICS, 3.0, range(20, 6001, 20), id="dynamics"),
    ],
)
def test_a_run_killed_at_many_random_moments_ends_as_if_undisturbed(tmp_path, run, latest, kept):
    demo, undisturbed = tmp_path / "outputs" / "demo", tmp_path / "outputs" / "undisturbed"
    moments = random.Random(0)
    for kill in range(KILLS):
        process = start(tmp_path, *run, "study=demo")
        while process.poll() is None and len(lines(demo, "started")) <= kill:
            time.sleep(0.05)
        moment = computed(process) + moments.uniform(0, latest)
        while process.poll() is None and computed(process) < moment:
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
    assert grokrfm(tmp_path, *run, "study=demo").returncode == 0
    assert grokrfm(tmp_path, *run, "study=undisturbed").returncode == 0

    assert len({entry["resumed_at"] for entry in lines(demo, "started")}) >= 4
    steps, expected = (
        collect.steps(study).drop(columns="seconds") for study in (demo, undisturbed)
    )
    pd.testing.assert_frame_equal(steps, expected, check_exact=True)
    [ours], [theirs] = (lines(study, "ended") for study in (demo, undisturbed))
    assert {**ours["metrics"], "seconds": 0} == {**theirs["metrics"], "seconds": 0}
    [digest] = collect.runs(demo)["digest"]
    ours, theirs = collect.features(demo, digest), collect.features(undisturbed, digest)
    assert list(ours) == list(kept)
    assert all((ours[k] == theirs[k]).all() for k in ours)
    assert not list((demo / "checkpoints").iterdir())
