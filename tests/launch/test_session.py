"""Runs and sweeps from Python; tests/test_tutorial.py computes a real sweep."""

import sys

import pytest

import grokrfm
from grokrfm import collect

SMALL = ["task.modulus=7", "rfm.iterations=2", "study=demo", "hardware.threads=1"]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_returns_its_record_and_is_computed_once(capsys):
    record = grokrfm.run(*SMALL)
    assert record.metrics["updates"] == 2
    assert str(record).endswith("uniform train_fraction=0.5, finished>")
    assert grokrfm.run(*SMALL).attempt == record.attempt
    assert "already finished" in capsys.readouterr().out
    assert list(collect.runs("demo")["digest"]) == [record.digest]


def test_a_run_that_fails_and_a_setting_that_is_wrong_raise_with_their_messages():
    fails = ["kernel=quadratic", "split=fixed_points", "rfm.ridge=0", "rfm.iterations=30"]
    with pytest.raises(grokrfm.GrokrfmError, match="not positive definite"):
        grokrfm.run(*SMALL, "task.modulus=11", *fails)
    with pytest.raises(grokrfm.GrokrfmError, match="did you mean modulus"):
        grokrfm.run("task.moduls=7")


def test_a_sweep_is_that_of_the_command(capsys):
    given = sys.argv
    study = grokrfm.sweep(*SMALL, "seed=0,1", "kernel=gaussian,quadratic", "dry_run=true")
    assert (study.as_posix(), sys.argv) == ("outputs/demo", given)
    assert "4 runs in outputs/demo" in capsys.readouterr().out
    with pytest.raises(grokrfm.GrokrfmError, match="2 of 4 runs are invalid"):
        grokrfm.sweep(*SMALL, "seed=0,-1", "kernel=gaussian,quadratic")


def test_options_of_ones_own_and_another_primary_config(tmp_path, capsys):
    (tmp_path / "own" / "kernel").mkdir(parents=True)
    text = "_target_: grokrfm.kernels.Gaussian\nname: wide\nbandwidth: 9.0\n"
    (tmp_path / "own" / "kernel" / "wide.yaml").write_text(text, encoding="utf-8")
    own = {"folders": [tmp_path / "own"]}
    assert grokrfm.run(*SMALL, "kernel=wide", **own).config["kernel"]["bandwidth"] == 9.0
    grokrfm.sweep(*SMALL, "kernel=wide", "seed=0,1", "dry_run=true", **own)
    grokrfm.sweep("env.size=3,4", "study=other", "dry_run=true", primary="dynamics")
    assert "2 runs in outputs/other" in capsys.readouterr().out
