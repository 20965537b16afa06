"""A run that was killed goes on from its last checkpoint, to the same numbers as undisturbed."""

import shutil
import signal
import time

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines, listing, start

RUN = [
    "task.modulus=13",
    "rfm.iterations=300",
    "rfm.checkpoint_seconds=0",
    "save.features=[0,2,300]",
]
MOMENT = 0.1  # seconds: some iterations on, well before the last


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder of a run that was killed when it had written a checkpoint, not yet its end."""
    folder = tmp_path_factory.mktemp("killed")
    process = start(folder, *RUN, "study=demo")
    deadline = time.monotonic() + 60
    checkpoints = folder / "outputs" / "demo" / "checkpoints"
    while not list(checkpoints.glob("*.npz")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(MOMENT)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert lines(folder / "outputs" / "demo", "ended") == []
    return folder


@pytest.fixture
def left(killed, tmp_path):
    """A copy of that folder, free to change."""
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_the_same_command_goes_on_and_ends_as_if_undisturbed(left):
    done = grokrfm(left, *RUN, "study=demo")
    assert (done.returncode, done.stderr) == (0, "")
    grokrfm(left, *RUN, "study=undisturbed")
    resumed, undisturbed = left / "outputs" / "demo", left / "outputs" / "undisturbed"

    first, second = lines(resumed, "started")
    assert (first["resumed_at"], second["digest"]) == (0, first["digest"])
    assert 0 < second["resumed_at"] < 300
    expected, steps = (
        collect.steps(study).drop(columns="seconds") for study in (undisturbed, resumed)
    )
    assert expected["iteration"].tolist() == list(range(300))
    pd.testing.assert_frame_equal(steps, expected, check_exact=True)
    [end], [undisturbed_end] = lines(resumed, "ended"), lines(undisturbed, "ended")
    assert end["metrics"] == undisturbed_end["metrics"]
    matrices = collect.features(undisturbed, first["digest"])
    assert list(matrices) == [0, 2, 300]
    for k, M in collect.features(resumed, first["digest"]).items():
        np.testing.assert_array_equal(M, matrices.pop(k))
    assert matrices == {}
    assert list((resumed / "checkpoints").glob("*.npz")) == []


def test_rerun_begins_at_the_beginning(left):
    assert grokrfm(left, *RUN, "study=demo", "rerun=true").returncode == 0
    assert lines(left / "outputs" / "demo", "started")[1]["resumed_at"] == 0


def test_half_a_checkpoint_of_a_killed_process_does_not_stay(left):
    """A kill that falls into the writing leaves one, and it may hold hundreds of megabytes."""
    [path] = (left / "outputs" / "demo" / "checkpoints").glob("*.npz")
    path.with_suffix(".99999999.tmp").write_bytes(b"half")  # no process has this number
    assert grokrfm(left, *RUN, "study=demo").returncode == 0
    assert [name for name in listing(left) if name.endswith(".tmp")] == []


def test_a_damaged_checkpoint_costs_the_iterations_not_the_run(left):
    """A power cut may leave this; a process that is killed never does."""
    [path] = (left / "outputs" / "demo" / "checkpoints").glob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    done = grokrfm(left, *RUN, "study=demo")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert lines(left / "outputs" / "demo", "started")[1]["resumed_at"] == 0
