"""Expectations: statistics, verdicts, and what is wrong with a sheet."""

import math

import pandas as pd
import pytest
import yaml

from grokrfm.collect.expectations import Expectation, findings, sheet
from grokrfm.collect.presets import PresetError
from grokrfm.paths import conf_folder
from tests.cli.command import BIN, finished

RUNS = pd.DataFrame(
    {
        "status": ["finished"] * 4 + ["failed"],
        "model": ["a", "a", "b", "b", "b"],
        "loss": [1.0, 3.0, 10.0, math.nan, 99.0],
        "verdict": ["recovered", "cover", "recovered", "recovered", None],
    }
)


def finding(**changed):
    given = {
        "claim": "c",
        "number": "loss",
        "of": "",
        "statistic": "mean",
        "reported": "",
        "low": 0,
        "high": None,
        "runs": 1,
    }
    [found] = findings(RUNS, [Expectation(**{**given, **changed})])
    return found


@pytest.mark.parametrize(
    ("statistic", "value"), [("mean", 2), ("median", 2), ("smallest", 1), ("largest", 3)]
)
def test_a_statistic_is_of_the_finished_runs_that_count(statistic, value):
    found = finding(of="model == 'a'", statistic=statistic)
    assert (found.value, found.n, found.planned) == (value, 2, 2)


def test_a_mean_has_students_interval_and_missing_runs_are_counted():
    found = finding()
    half = 4.302652729911275 * math.sqrt(67 / 3 / 3)  # t of 2 degrees; values 1, 3, 10
    assert (found.value, found.n, found.planned) == (14 / 3, 3, 5)
    assert found.high - found.value == pytest.approx(half)
    assert found.measured == "4.67 ± 12 (n=3 of 5)"


def test_a_share_has_wilsons_interval():
    found = finding(number="verdict == 'recovered'", statistic="share", low=0.8)
    assert found.value == 0.75
    assert found.measured == "3 of 4 [0.30, 0.95] (n=4 of 5)"
    assert found.verdict == "cannot tell"  # 0.8 is not excluded


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"of": "model == 'a'", "statistic": "largest", "high": 3}, "agrees"),
        ({"of": "model == 'a'", "statistic": "largest", "high": 2.9}, "differs"),
        ({"of": "model == 'a'", "statistic": "largest", "high": 3, "runs": 3}, "cannot tell"),
        ({"low": 5}, "cannot tell"),
        ({"low": 50}, "differs"),
        ({"of": "model == 'c'"}, "cannot tell"),
        ({"low": -1, "high": 1}, "cannot tell"),
        ({"low": None}, "–"),
        ({"low": None, "of": "model == 'c'"}, "cannot tell"),
    ],
)
def test_verdicts(changed, verdict):
    assert finding(**changed).verdict == verdict


def test_where_nothing_is_expected_the_measured_number_stands_alone():
    found = finding(low=None)
    assert (found.expectation.accepted, found.measured) == ("–", "4.67 ± 12 (n=3 of 5)")


def test_an_unknown_number_is_named():
    with pytest.raises(PresetError, match="'los'; did you mean loss"):
        finding(number="los")


@pytest.mark.parametrize("path", sorted((conf_folder() / "expectation").glob("*.yaml")), ids=str)
def test_every_sheet_is_of_a_study_and_can_be_read(path):
    assert (conf_folder() / "study" / path.name).is_file()
    assert path.read_text(encoding="utf-8").startswith("# ")
    expected = sheet(path.stem).expectations
    assert expected
    assert not [one.claim for one in expected if one.low == 0 and one.high is None]  # always holds


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "claim must be given"),
        ({"low": 1}, "claim must be given"),
        ({"statistic": "meen"}, "did you mean mean"),
        ({"low": "much"}, "low must be a number"),
        ({"runs": 0}, "runs must be"),
        ({"hihg": 1}, "unknown key 'hihg'; did you mean high"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(tmp_path, entry, message):
    full = {"claim": "c", "number": "n", "statistic": "mean", "reported": "1", "low": 1}
    given = {**full, **entry} if "claim" not in message else entry
    (tmp_path / "expectation").mkdir()
    (tmp_path / "expectation" / "mine.yaml").write_text(
        yaml.safe_dump({"expectations": [given]}), encoding="utf-8"
    )
    with pytest.raises(PresetError, match=message):
        sheet("mine", [tmp_path])


def test_the_command_says_what_differs_and_exits_with_2(tmp_path):
    run = ["task.modulus=5", "rfm.iterations=2", "study=mine"]
    finished(tmp_path, [BIN / "grokrfm", *run], {})
    (tmp_path / "own" / "expectation").mkdir(parents=True)
    (tmp_path / "own" / "expectation" / "mine.yaml").write_text(
        "title: Mine\nexpectations:\n"
        "- {claim: c, number: train_accuracy, statistic: mean, reported: '2', low: 2}\n",
        encoding="utf-8",
    )
    done = finished(tmp_path, [BIN / "grokrfm-check", "outputs/mine", "--config-dir", "own"], {})
    assert done.returncode == 2
    assert "| c       | 2          | at least 2 | 1 (n=1)    | differs   |" in done.stdout
