"""A start that is learned is learned once in a study, and serves as if learned anew."""

import pandas as pd

from grokrfm import collect
from tests.cli.command import grokrfm

SETTINGS = [
    "task.modulus=7",
    "rfm.iterations=5",
    "start=reflection",
    "start.element=2",
    "split=uniform",
]


def test_a_kept_start_gives_the_same_bits_as_one_learned_anew(tmp_path):
    for study, seeds in (("both", "0,1"), ("alone", "1")):
        done = grokrfm(tmp_path, "-m", *SETTINGS, f"seed={seeds}", f"study={study}")
        assert (done.returncode, done.stderr) == (0, "")
    both, alone = (tmp_path / "outputs" / study for study in ("both", "alone"))
    one_each = [[path.name for path in (study / "starts").iterdir()] for study in (both, alone)]
    assert one_each[0] == one_each[1] and len(one_each[0]) == 1
    steps = collect.steps(both).merge(collect.runs(both)[["digest", "seed"]], on="digest")
    kept = steps[steps["seed"] == 1].drop(columns=["seconds", "seed"]).reset_index(drop=True)
    anew = collect.steps(alone).drop(columns="seconds")
    pd.testing.assert_frame_equal(kept[anew.columns], anew, check_exact=True)
