"""What README shows works as pasted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_HERE = ("make ", "source ")  # set up an environment, which this test already runs in


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the shell commands of README have been run in their order."""
    folder = tmp_path_factory.mktemp("readme")
    script = "\n".join(
        line for line in "".join(blocks("bash")).splitlines() if not line.startswith(NOT_HERE)
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_commands_of_readme_work_and_leave_what_it_says(folder):
    assert len(list((folder / "outputs" / "first" / "segments").iterdir())) == 4
    assert len(list((folder / "outputs" / "own" / "segments").iterdir())) == 1
    assert (folder / "outputs" / "sweep" / "figures" / "test_accuracy.png").stat().st_size > 10_000
    assert (folder / "outputs" / "strata" / "figures" / "strata.pdf").stat().st_size > 10_000
    assert (folder / "outputs" / "strata" / "report.html").stat().st_size > 100_000
    assert len((folder / "sweep.csv").read_text(encoding="utf-8").splitlines()) == 5


@pytest.mark.parametrize("code", blocks("python"), ids=["collect", "notebook"])
def test_the_python_of_readme_works(folder, code):
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True)


def test_the_targets_and_files_that_readme_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)`?", README)) - {"and"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / link).exists(), link
