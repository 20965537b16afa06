"""Templates of grokrfm-new: each passes the contracts of its kind, and runs as it says."""

import inspect
import os
import shlex
import sys

import pytest
import torch
from hydra.utils import get_object
from omegaconf import OmegaConf

from grokrfm import config, new
from grokrfm.kernels import Kernel
from grokrfm.probes import Probe
from grokrfm.runs.observer import Observer
from grokrfm.tasks import Task
from tests.cli.command import grokrfm, lines
from tests.families import moves_labels_as_it_says
from tests.seam.page import run as execute

OPTIONS = {"kernel": Kernel, "task": Task, "probe": Probe}
SMALL = {
    "study": ["rfm.iterations=1", "task.modulus=7", "dry_run=true"],
    "learner": ["updates=100", "task.modulus=7", "width=8"],
}


@pytest.fixture
def write(tmp_path, monkeypatch, capsys):
    """Runs the command in a folder of its own: write(kind, name) -> what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(os, "environ", {**os.environ})

    def written(kind, name, *more):
        monkeypatch.setattr(sys, "argv", ["grokrfm-new", kind, name, *more])
        new.main()
        return capsys.readouterr().out

    return written


@pytest.mark.parametrize("kind", new.PLACES)
def test_it_runs_as_the_command_says(write, tmp_path, kind):
    *_, told = write(kind, f"my_{kind}").splitlines()
    command = shlex.split(told.removeprefix("next: "))
    assert command[:3] == ["grokrfm", "--config-dir", "own"]
    chosen = ["rfm.iterations=1", "task.modulus=7"] if kind in OPTIONS else SMALL[kind]
    done = grokrfm(tmp_path, *command[1:], *chosen)
    assert (done.returncode, done.stderr) == (0, "")
    if kind == "study":
        assert "6 runs in outputs/my_study" in done.stdout
    else:
        assert done.stdout.startswith("finished")
        study = "my_learner" if kind == "learner" else "default"
        [started] = lines(tmp_path / "outputs" / study, "started")
        assert [name.partition(".")[0] for name in started["sources"]] == [f"my_{kind}_{kind}"]


@pytest.mark.parametrize("kind", OPTIONS)
def test_an_option_keeps_the_contract_of_its_group(write, tmp_path, kind):
    write(kind, "mine_too")
    node = OmegaConf.load(tmp_path / "own" / kind / "mine_too.yaml")
    choice = f"{kind}=[mine_too]" if kind == "probe" else f"{kind}=mine_too"
    settings = config.compose([choice], [tmp_path / "own"])[kind]
    settings = settings["mine_too"] if kind == "probe" else settings
    arguments = inspect.signature(get_object(node._target_)).parameters.values()
    assert set(node) - {"_target_", "name"} == {one.name for one in arguments}
    assert all(one.default is one.empty for one in arguments)
    built = config.build(settings, OPTIONS[kind], kind)
    if kind == "task":
        assert all(moves_labels_as_it_says(built, symmetry) for symmetry in built.symmetries())
    if kind == "kernel":
        at = torch.linspace(0.1, 9, 20, dtype=torch.float64)
        slopes = torch.func.vmap(torch.func.grad(built.profile))(at)
        assert torch.allclose(built.slope(at), slopes, rtol=1e-12)


def test_the_learner_continues_to_the_same_numbers(write, tmp_path):
    write("learner", "net")
    small = ["updates=6", "observe_every=2", "width=3", "task.modulus=5", "checkpoint_seconds=0"]
    settings = config.compose(small, [tmp_path / "own"], "net")

    class Interrupts(Observer):
        def observed(self, record, observation):
            if observation.iteration == 3:
                raise KeyboardInterrupt

    whole = execute(settings, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        execute(settings, tmp_path / "parts", Interrupts())
    rest = execute(settings, tmp_path / "parts")
    assert (rest.status, rest.resumed_at) == ("finished", 4)
    assert rest.history == whole.history


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gaussian", "kernel/gaussian.yaml is in conf/ already"),
        ("My Kernel", "must be of a-z, 0-9 and _"),
        ("../up", "must be of a-z, 0-9 and _"),
        ("class", "must be of a-z, 0-9 and _"),
        ("mine", "exists already"),
    ],
)
def test_nothing_is_written_over_or_elsewhere(write, tmp_path, capsys, name, said):
    write("kernel", "mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(SystemExit):
        write("kernel", name)
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
