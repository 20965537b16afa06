"""Trainings of the second learner on the real SLURM: the same sweep as on this machine."""

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import BIN, finished, lines
from tests.slurm.sweeps import PLACE, cluster, plain

pytestmark = pytest.mark.slurm
RUNS = ["--config-name", "dynamics", "-m", "env=s3", "train.updates=40", "train.observe_every=20"]
RUNS += ["seed=range(0,10)", "model.entanglement=0,0.01", "train.restarts=1,2"]


def swept(folder, *arguments, **environment):
    command = [BIN / "grokrfm", *RUNS, "save.features=last", "hardware.threads=1", *arguments]
    done = finished(folder, command, environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "40 finished"
    return folder / "outputs" / arguments[0].removeprefix("study=")


def test_a_sweep_of_40_trainings_is_that_of_this_machine(tmp_path):
    here = swept(tmp_path, "study=here")
    two_jobs = "hardware.chunk_minutes=0.05"
    there = swept(tmp_path, "study=there", *PLACE, two_jobs, **cluster())
    jobs = {entry["provenance"]["job"] for entry in lines(there, "started")}
    assert len(jobs) > 1 and None not in jobs
    for table in (collect.runs, collect.steps):
        found, expected = (plain(table(study)) for study in (there, here))
        assert len(found) == len(expected) >= 40
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    for digest in collect.runs(there)["digest"]:
        [(k, G)] = collect.features(there, digest).items()
        np.testing.assert_array_equal(G, collect.features(here, digest)[k])
