"""README and docs/: every code block works as pasted and prints what stands beneath it."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from grokrfm import collect
from tests import documentation

ROOT = documentation.ROOT
README = ROOT / "README.md"
MOST_LINES = 150
LINKING = [*documentation.PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


@pytest.mark.parametrize("page", documentation.pages())
def test_the_blocks_of_a_page_work_as_pasted(page, tmp_path):
    if page.name == "tracking.md":
        pytest.importorskip("tensorboard", reason="pip install grokrfm[tensorboard]")
    documentation.check(page, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", documentation.pages("slow"))
def test_the_slow_blocks_of_a_page_work_as_pasted(page, tmp_path):
    if page.name == "tracking.md":
        pytest.importorskip("mlflow", reason="pip install grokrfm[mlflow]")
    documentation.check(page, tmp_path, ["slow"])


@pytest.mark.slow
def test_plain_grokrfm_groks_as_readme_says(tmp_path):
    subprocess.run([Path(sys.executable).with_name("grokrfm")], cwd=tmp_path, check=True)
    steps = collect.steps(tmp_path / "outputs" / "default").set_index("iteration")
    assert (steps["train_accuracy"] == 1).all()
    assert [round(100 * steps["test_accuracy"][k]) for k in (4, 12, 17)] == [0, 42, 98]


@pytest.mark.slow
def test_make_demo_ends_with_its_table_and_figure(tmp_path):
    documentation.check_out(tmp_path)
    began = time.monotonic()
    done = subprocess.run(
        ["make", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 4 * 90  # 90 s on two cores of their own
    assert "accuracy 100.0 %" in done.stdout
    study = tmp_path / "outputs" / "demo"
    right = pd.read_csv(study / "tables" / "one_moved_point.csv").set_index("split.train_to_test")
    assert (right.loc[0, "test_accuracy_fixed"] == 0).all()
    assert (right.loc[1, "test_accuracy_fixed"] > 0.8).all()
    assert (study / "figures" / "one_moved_point.png").stat().st_size > 10_000


def test_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.stem)
def test_the_targets_and_files_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, re.MULTILINE)):
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", text):
        target = (page.parent / link).resolve()
        assert target.exists(), link
