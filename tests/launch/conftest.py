from pathlib import Path

import pytest

from tests.cli.command import grokrfm, start

YAML = """
_target_: tests.launch.saboteur.Saboteur
name: saboteur
bandwidth: 2.5
deed: none
marks: ???
"""
ROOT = str(Path(__file__).parents[2])
SMALL = ["task.modulus=5", "rfm.iterations=2", "study=demo"]


class Sabotage:
    """Sweeps over what the kernel does, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.study = folder / "outputs" / "demo"
        (folder / "own" / "kernel").mkdir(parents=True)
        (folder / "own" / "kernel" / "saboteur.yaml").write_text(YAML, encoding="utf-8")
        self.arguments = ["--config-dir", "own", "kernel=saboteur", "kernel.marks=marks", *SMALL]

    def __call__(self, *arguments, **environment):
        return grokrfm(
            self.folder, "-m", *self.arguments, *arguments, PYTHONPATH=f"{ROOT}:.", **environment
        )

    def start(self, *arguments):
        return start(self.folder, "-m", *self.arguments, *arguments, PYTHONPATH=ROOT)


@pytest.fixture
def sabotage(tmp_path):
    return Sabotage(tmp_path)
