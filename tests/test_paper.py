"""The pages about the papers, and the studies behind them."""

import runpy

import pytest
import yaml

from tests.contracts.test_conf import CONF

PAPER = runpy.run_path(str(CONF.parent / "scripts" / "paper.py"))
PLAN = yaml.safe_load((CONF.parent / "scripts" / "paper.yaml").read_text(encoding="utf-8"))
BEYOND = yaml.safe_load((CONF.parent / "scripts" / "beyond.yaml").read_text(encoding="utf-8"))
DYNAMICS = yaml.safe_load((CONF.parent / "scripts" / "dynamics.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("size", PAPER["PAGES"])
def test_a_page_is_what_its_records_give(size):
    path = CONF.parent / "docs" / PAPER["PAGES"][size]
    if not (PAPER["RECORDS"] / size).exists():
        assert not path.exists()
    else:
        assert PAPER["page"](size) == path.read_text(encoding="utf-8")


def test_every_study_of_the_papers_exists_with_its_expectations():
    for folder in ("study", "expectation"):
        assert set(PLAN) <= {path.stem for path in (CONF / folder).glob("*.yaml")}
    studies = {path.stem for path in (CONF / "study").glob("*.yaml")}
    assert set(BEYOND) | set(DYNAMICS) <= studies
    assert {one.get("of", name) for name, one in DYNAMICS.items()} <= set(DYNAMICS)
    recorded = {path.stem for path in (PAPER["RECORDS"] / "paper_small").glob("*.csv")}
    assert recorded == {name for name, one in PLAN.items() if one["small"] is not None}


@pytest.mark.slow
def test_a_verdict_that_changed_is_found(monkeypatch):
    changed, study = PAPER["_changed"], "random_circulant_features"
    assert changed([study]) == []
    wrong = PAPER["_recorded"]("paper_small", study).assign(test_accuracy=0.5)
    monkeypatch.setitem(changed.__globals__, "_recorded", lambda *_: wrong)
    assert changed([study]) == [study]
