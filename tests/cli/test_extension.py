"""A kernel from outside the repository: one Python file and one YAML, found with --config-dir."""

import pytest

from grokrfm import collect, config
from tests.cli.command import grokrfm, lines, status

PYTHON = '''
from dataclasses import dataclass

from grokrfm.kernels import Gaussian


@dataclass(frozen=True)
class Fragile(Gaussian):
    """The Gaussian kernel, unless it breaks."""

    broken: bool

    def profile(self, squared_distance):
        if self.broken:
            raise RuntimeError("the profile broke")
        return super().profile(squared_distance)
'''
YAML = """
_target_: own_kernels.Fragile
name: fragile
bandwidth: 2.5
broken: false
"""
SMALL = ["task.modulus=5", "rfm.iterations=2", "study=demo"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "own_kernels.py").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "own_conf" / "kernel").mkdir(parents=True)
    (tmp_path / "own_conf" / "kernel" / "fragile.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path


def own(folder, *arguments, path="."):
    return grokrfm(folder, "--config-dir", "own_conf", *arguments, *SMALL, PYTHONPATH=path)


def test_it_runs_like_any_other_and_its_failure_costs_one_run(folder):
    """An error nobody foresaw: the run is recorded with its traceback, the next ones still run."""
    study = folder / "outputs" / "demo"
    done = own(folder, "-m", "kernel=fragile", "kernel.broken=true,false")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 finished, 1 failed"
    told = done.stderr.splitlines()
    assert told[0] == "1 failed: the profile broke"
    assert "kernel.broken=True" in told[1]
    assert told[-2].strip() == "RuntimeError: the profile broke"  # an example traceback

    [broken] = [entry for entry in lines(study, "ended") if entry["status"] == "failed"]
    assert broken["error"]["type"] == "RuntimeError"
    assert 'raise RuntimeError("the profile broke")' in broken["error"]["traceback"]
    runs = collect.runs(study).set_index("kernel.broken")
    assert runs["status"].to_dict() == {True: "failed", False: "finished"}
    assert runs["kernel.name"].tolist() == ["fragile", "fragile"]
    assert "failed (1): the profile broke" in status(folder, study).stdout


@pytest.mark.parametrize(
    ("arguments", "path", "fragments"),
    [
        (["kernel=fragil"], ".", ["kernel=fragil: ", "did you mean fragile?"]),
        (["kernel=fragile", "kernel.broke=true"], ".", ["kernel.broke: ", "did you mean broken?"]),
        (["kernel=fragile"], "", ["kernel._target_: own_kernels.Fragile cannot be imported"]),
    ],
    ids=["misspelt option", "misspelt key", "no such module"],
)
def test_its_mistakes_are_named_as_those_of_any_other(folder, arguments, path, fragments):
    done = own(folder, *arguments, path=path)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [fragment for fragment in fragments if fragment not in done.stderr] == []
    assert not (folder / "outputs").exists()


def test_an_option_without_a_name_is_called_by_its_class(folder):
    path = folder / "own_conf" / "kernel" / "fragile.yaml"
    named = config.compose(["kernel=fragile"], [folder / "own_conf"])
    path.write_text(YAML.replace("name: fragile\n", ""), encoding="utf-8")
    assert config.compose(["kernel=fragile"], [folder / "own_conf"]) == named
