import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from grokrfm import collect
from grokrfm.checks import GrokrfmError
from grokrfm.collect.tables import TableError, averaged_over, interval
from tests.collect.synthetic import failed, run

SAMPLES = [
    [0.0, 1.0],
    [0.25, 0.5, 0.7],
    [0.984, 0.984, 1.0, 0.967, 0.9],
    list(np.random.default_rng(0).normal(size=40)),
    [1e-9, 2e-9, 4e-9],
]


def frame(**columns):
    length = max(map(len, columns.values()))
    return pd.DataFrame({"status": ["finished"] * length} | columns)


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_mean_and_student_interval(sample):
    low, high = stats.t.interval(
        0.95, len(sample) - 1, loc=np.mean(sample), scale=stats.sem(sample)
    )
    [cell] = collect.table(frame(x=sample), [], [], ["x"]).to_dict("records")
    assert cell["x"] == pytest.approx(np.mean(sample))
    assert cell["x"] - cell["x_interval"] == pytest.approx(low)
    assert cell["x"] + cell["x_interval"] == pytest.approx(high)
    assert cell["x_n"] == cell["finished"] == cell["runs"] == len(sample)


def test_the_interval_of_two_numbers_by_hand():
    """Half width = 12.706 s / sqrt(2) with s = 1 / sqrt(2), one degree of freedom."""
    assert interval(pd.Series([0.0, 1.0])) == pytest.approx(12.7062047 / 2)


def test_one_run_has_no_interval_and_equal_runs_an_exact_zero():
    assert math.isnan(interval(pd.Series([0.5])))
    assert math.isnan(interval(pd.Series([], dtype=float)))
    assert interval(pd.Series([0.1] * 3)) == 0.0  # the naive formula leaves 1e-17 here


def test_a_cell_for_every_combination_that_occurs():
    runs = frame(task=["a", "a", "b", "b"], kernel=["g", "q", "g", "g"], x=[1.0, 2.0, 3.0, 5.0])
    cells = collect.table(runs, ["task"], ["kernel"], ["x"])
    assert cells[["task", "kernel", "x", "x_n"]].to_numpy().tolist() == [
        ["a", "g", 1.0, 1],
        ["a", "q", 2.0, 1],
        ["b", "g", 4.0, 2],
    ]


def test_several_values_have_their_own_mean_interval_and_n():
    cells = collect.table(frame(x=[1.0, 3.0], y=[5.0, np.nan]), [], [], ["x", "y"])
    assert list(cells.columns) == [
        *("x", "x_interval", "x_n"),
        *("y", "y_interval", "y_n"),
        *("finished", "runs"),
    ]
    [cell] = cells.to_dict("records")
    assert (cell["x"], cell["x_n"], cell["y"], cell["y_n"]) == (2.0, 2, 5.0, 1)


@pytest.mark.parametrize("status", ["failed", "running", "lost", "interrupted"])
def test_unfinished_runs_count_among_the_runs_but_towards_no_mean(status):
    runs = frame(status=["finished", "finished", status], x=[1.0, 2.0, 99.0])
    [cell] = collect.table(runs, [], [], ["x"]).to_dict("records")
    assert (cell["x"], cell["x_n"], cell["finished"], cell["runs"]) == (1.5, 2, 2, 3)


def test_a_cell_where_all_failed_stays_in_the_table(study):
    folder = study(
        run("d1", metrics={"test_accuracy": 1.0}), failed("d2", task="division"), failed("d3")
    )
    cells = collect.table(collect.runs(folder), ["task.name"], [], ["test_accuracy"])
    addition, division = cells.to_dict("records")
    assert (addition["test_accuracy_n"], addition["runs"]) == (1, 2)
    assert math.isnan(division["test_accuracy"])
    assert (division["test_accuracy_n"], division["finished"], division["runs"]) == (0, 0, 1)


def test_a_number_that_a_finished_run_lacks_does_not_count(study):
    folder = study(
        run("d1", metrics={"grok_iteration": 10}),
        run("d2", metrics={"grok_iteration": 20}),
        run("d3", metrics={"grok_iteration": None}),
    )
    [cell] = collect.table(collect.runs(folder), [], [], ["grok_iteration"]).to_dict("records")
    assert cell["grok_iteration"] == 15.0
    assert (cell["grok_iteration_n"], cell["finished"], cell["runs"]) == (2, 3, 3)


def test_runs_without_the_setting_of_a_row_make_a_cell_of_their_own():
    runs = frame(bandwidth=[2.5, np.nan, 2.5], x=[1.0, 2.0, 3.0])
    cells = collect.table(runs, ["bandwidth"], [], ["x"])
    assert cells["x"].tolist() == [2.0, 2.0]
    assert cells["runs"].sum() == 3


@pytest.mark.parametrize(
    ("rows", "columns", "values", "message"),
    [
        (["task.nam"], [], ["x"], "no column 'task.nam' in these runs; did you mean task.name?"),
        ([], ["task.nam"], ["x"], "did you mean task.name?"),
        ([], [], ["test_acuracy"], "did you mean test_accuracy?"),
        ([], [], ["qqqq"], "known are status, task.name, test_accuracy, x"),
        ([], [], ["task.name"], "column 'task.name' is not numeric, it cannot be averaged"),
        ([], [], ["status"], "column 'status' is not numeric"),
    ],
)
def test_a_column_that_cannot_be_used_is_explained(rows, columns, values, message):
    runs = frame(**{"task.name": ["a"], "x": [1.0], "test_accuracy": [1.0]})
    with pytest.raises(TableError) as caught:
        collect.table(runs, rows, columns, values)
    assert message in str(caught.value)
    assert isinstance(caught.value, GrokrfmError)


def test_what_is_averaged_over_is_the_settings_that_differ_within_a_cell():
    runs = frame(
        **{
            "kernel.bandwidth": [1.0, 2.0, 1.0, 2.0],
            "task.name": ["a", "a", "b", "b"],
            "split.train_fraction": [0.5, 0.5, 0.7, 0.7],
            "rfm.ridge": [0.0] * 4,
            "seed": [0, 1, 2, 3],
            "hardware.threads": [1, 2, 3, 4],
        }
    )
    # split.train_fraction differs between the tasks, but not within one of them
    assert averaged_over(runs, ["task.name"]) == {"kernel.bandwidth": [1.0, 2.0]}
    assert averaged_over(runs, ["task.name", "kernel.bandwidth"]) == {}
    assert set(averaged_over(runs, [])) == {"kernel.bandwidth", "task.name", "split.train_fraction"}


def test_a_setting_that_only_some_runs_of_a_cell_have_is_averaged_over():
    runs = frame(**{"kernel.bandwidth": [2.5, np.nan]})
    assert list(averaged_over(runs, [])) == ["kernel.bandwidth"]


def test_unfinished_runs_are_not_averaged_over():
    runs = frame(**{"status": ["finished", "failed"], "kernel.bandwidth": [1.0, 2.0]})
    assert averaged_over(runs, []) == {}
