"""A crash, a NaN and no memory left in a learner of one's own cost one run each, as in RFM's."""

import pytest

from grokrfm import collect
from tests.cli.command import grokrfm, lines
from tests.seam.page import SMALL, perceptron

YAML = """
_target_: tests.seam.troubled.Troubled
defaults: [perceptron, _self_]
deed: none
marks: marks
"""
TROUBLED = ["--config-dir", "own", "--config-name", "troubled"]
DEEDS = "none,segv,overflow,memory,memory_once"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """A sweep over the deeds, and what the command said."""
    own = perceptron(tmp_path_factory.mktemp("troubled"))
    own.write("own/troubled.yaml", YAML)
    sweep = ["-m", *SMALL, f"deed={DEEDS}", "hardware.slots=2", "study=troubled"]
    return own, grokrfm(own.folder, *TROUBLED, *sweep, **own.environment)


def test_the_others_finish(troubled):
    own, done = troubled
    assert done.returncode == 1
    statuses = collect.runs(own.study("troubled")).set_index("deed")["status"].to_dict()
    assert statuses == {
        "none": "finished",
        "segv": "crashed",
        "overflow": "failed",
        "memory": "failed",
        "memory_once": "finished",
    }
    assert done.stdout.splitlines()[-1] == "2 finished, 2 failed, 1 crashed"


def test_failures_are_grouped_by_cause(troubled):
    own, done = troubled
    told = done.stderr
    assert "1 failed: update 102: the loss is not finite; lower the rate\n" in told
    assert "1 failed: no room\n" in told
    assert "1 crashed: its process was killed by SIGSEGV\n" in told
    assert "    about to crash\n" in told
    assert told.count("Traceback") == 1  # of no room; a NumericsError needs none
    told = own.command("grokrfm-status", "outputs/troubled").stdout
    assert told.splitlines()[0] == "outputs/troubled: 2 finished, 2 failed, 1 crashed"
    assert "crashed (1): its process was killed by SIGSEGV" in told


def test_only_out_of_memory_is_tried_once_more(troubled):
    own, _ = troubled
    deeds = [entry["config"]["deed"] for entry in lines(own.study("troubled"), "started")]
    assert {deed: deeds.count(deed) for deed in DEEDS.split(",")} == {
        "none": 1, "segv": 1, "overflow": 1, "memory": 2, "memory_once": 2,
    }  # fmt: skip


def test_the_observations_before_the_end_are_kept(troubled):
    own, _ = troubled
    digests = {e["attempt"]: e["config"]["deed"] for e in lines(own.study("troubled"), "started")}
    kept = {digests[e["attempt"]]: e["history"] for e in lines(own.study("troubled"), "history")}
    assert kept["overflow"]["iteration"] == kept["memory"]["iteration"] == [99]
    assert kept["none"]["iteration"] == [99, 199, 299]
