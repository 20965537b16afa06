"""Tables and parts of a run show themselves."""

import sys

import numpy as np
import pytest

from grokrfm import collect, preset, tasks
from grokrfm.algebra import cyclic
from grokrfm.checks import SettingError
from tests.collect.synthetic import run
from tests.settings import experiment


def test_a_table_is_html_in_a_notebook_and_text_elsewhere(study, monkeypatch):
    runs = collect.runs(
        study(*(run(f"d{x}", task=f"<b>{x % 2}", metrics={"test_accuracy": x}) for x in range(4)))
    )
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    table = collect.formatted(runs, ["task.name"], values=["test_accuracy:range"])
    html, text = table._repr_html_(), repr(table)
    assert '<th scope="row">&lt;b&gt;1</th>' in html and "<caption>" in html
    assert "<b>1" in text and "N = 4 runs" in text
    assert r"\begin{tabular}" in table.text("latex")
    with pytest.raises(SettingError, match="format must be"):
        table.text("pdf")


def test_parts_of_a_run_are_described_in_a_line():
    held_out = preset("split", "fixed_points").split(tasks.addition(5), np.random.default_rng(0))
    shown = [experiment(), tasks.addition(5), cyclic(5), held_out]
    assert list(map(repr, shown)) == [
        "<Experiment: addition mod 7, gaussian, uniform train_fraction=0.5, 3 iterations>",
        "<Task: addition mod 5, 25 rows, 5 classes>",
        "<Group Z5: 5 elements>",
        "<Split: 20 rows train, 5 test, fixed 5, moved 0>",
    ]
