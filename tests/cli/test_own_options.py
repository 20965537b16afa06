"""Options of one's own need no @package, studies no name; changed code is computed again."""

import pytest

from grokrfm import collect, config
from tests.cli.command import grokrfm

PROBE = """
from own_base import Base


class Trace(Base):
    def __init__(self, scale):
        self.scale = scale
"""
BASE = """
from grokrfm.probes import Probe


class Base(Probe):
    def measure(self, step, train, test):
        return {"trace": self.scale * step.M.trace()}
"""
OPTION = "# trace of M\n_target_: own_probe.Trace\nname: trace\nscale: 1.0\n"
STUDY = """# a study of one's own
defaults:
  - override /kernel: quadratic
task:
  modulus: 7
"""
SMALL = ["task.modulus=5", "rfm.iterations=1", "study=demo"]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes files below a folder that is searched: own(**{"study/mine": text}) -> the folder."""

    def write(**options):
        for name, text in options.items():
            path = tmp_path / "own" / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [tmp_path / "own"]

    return write


@pytest.mark.parametrize("chosen", ["probe=trace", "probe=[loss,trace]", "+probe=trace"])
def test_a_probe_needs_no_line_that_says_its_place(own, chosen):
    found = config.compose([chosen], own(**{"probe/trace": OPTION}))
    named = config.compose([chosen], own(**{"probe/trace": f"# @package probe.trace\n{OPTION}"}))
    assert found == named
    assert found["probe"]["trace"]["scale"] == 1.0


@pytest.mark.parametrize(
    "text",
    [
        f"{STUDY}figures: [grok]\n",
        f"# @package _global_\n{STUDY}study:\n  figures: [grok]\n",
        f"# @package _global_\n{STUDY}study:\n  name: mine\n  tables: []\n  figures: [grok]\n",
    ],
    ids=["plain", "with its package", "written out"],
)
def test_a_study_is_named_by_its_file(own, text):
    settings = config.compose(["study=mine"], own(**{"study/mine": text}))
    assert settings["study"] == {"name": "mine", "tables": [], "figures": ["grok"]}
    assert (settings["kernel"]["name"], settings["task"]["modulus"]) == ("quadratic", 7)
    renamed = config.compose(["study=mine", "study.name=other"], own(**{"study/mine": text}))
    assert renamed["study"]["name"] == "other"


def test_a_study_may_have_figures_alone(own):
    settings = config.compose(["study=mine"], own(**{"study/mine": "figures: [grok]\n"}))
    assert settings == config.compose(["study=mine", "study.figures=[grok]"])


def test_runs_of_changed_code_are_computed_again(own, tmp_path):
    own(**{"probe/trace": OPTION})
    code = tmp_path / "own_base.py"
    (tmp_path / "own_probe.py").write_text(PROBE, encoding="utf-8")
    arguments = ["--config-dir", "own", "probe=trace", *SMALL]

    def run(text, *more):
        code.write_text(text, encoding="utf-8")
        done = grokrfm(tmp_path, *arguments, *more, PYTHONPATH=".", PYTHONDONTWRITEBYTECODE="1")
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def traces():
        return collect.runs(tmp_path / "outputs" / "demo")["trace"].tolist()

    assert run(BASE).startswith("finished")
    [before] = traces()
    changed = BASE.replace("self.scale", "3 * self.scale")
    assert "0 of them are finished, 1 remain" in run(changed, "-m", "dry_run=true")
    again = run(changed)
    said = (
        "a run that has finished is computed again: the source of own_base.Base has changed since"
    )
    assert again.startswith(f"{said}\nfinished")
    assert traces() == [pytest.approx(3 * before)]
    assert run(changed).startswith("already finished")
