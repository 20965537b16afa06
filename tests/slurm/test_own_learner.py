"""The perceptron of docs/extending.md on the real SLURM: the same sweep as on this machine."""

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from tests.cli.command import lines
from tests.seam.page import SMALL, perceptron
from tests.slurm.sweeps import PLACE, cluster, jobs_of, until

pytestmark = pytest.mark.slurm
SWEEP = ["-m", *SMALL, "width=4,8", "seed=0,1", "save.features=last"]
OWN = ["digest", "width", "seed", "train_accuracy", "test_accuracy", "train_loss", "grok_iteration"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder with the sweep made here and on SLURM, and what the command said there."""
    own = perceptron(tmp_path_factory.mktemp("own"))
    here = own(*SWEEP, "study=here")
    assert (here.returncode, here.stderr) == (0, "")
    two_jobs = "hardware.chunk_minutes=0.1"  # of 12 s of estimated work
    return own, own(*SWEEP, *PLACE, two_jobs, "study=there", **cluster())


def test_the_numbers_and_matrices_are_those_of_this_machine(swept):
    own, done = swept
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "4 finished"
    here, there = own.study("here"), own.study("there")
    for table, columns in ((collect.runs, OWN), (collect.steps, slice(None))):
        expected, found = (
            table(study).loc[:, columns].sort_values("digest", kind="stable", ignore_index=True)
            for study in (here, there)
        )
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    for digest in collect.runs(there)["digest"]:
        [(k, M)] = collect.features(there, digest).items()
        np.testing.assert_array_equal(M, collect.features(here, digest)[k])


def test_it_ran_in_jobs_of_its_own_and_nothing_of_them_is_left(swept):
    own, _ = swept
    jobs = {entry["provenance"]["job"] for entry in lines(own.study("there"), "started")}
    assert len(jobs) == 2 and None not in jobs
    until(lambda: not jobs_of(own.study("there")))
    assert list(own.study("there").glob("sweeps/*/submitit")) == []
    told = own.command("grokrfm-status", "outputs/there")
    assert told.stdout == "outputs/there: 4 finished\n"
