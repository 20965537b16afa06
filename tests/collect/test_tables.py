import math
import re

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from grokrfm.checks import GrokrfmError
from grokrfm.collect.layout import TableError
from grokrfm.collect.mixtures import averaged_over
from tests.collect import naive
from tests.collect.synthetic import failed, run

SAMPLES = [
    [0.0, 1.0],
    [0.25, 0.5, 0.7],
    [0.984, 0.984, 1.0, 0.967, 0.9],
    list(np.random.default_rng(0).normal(size=40)),
    [1e-9, 2e-9, 4e-9],
]


def frame(**columns):
    """A frame of finished runs, whose records call one setting of the engine plumbing."""
    length = max(map(len, columns.values()))
    runs = pd.DataFrame({"status": ["finished"] * length} | columns)
    hidden = ("rfm.memory_budget", "hardware.threads")
    runs.attrs["scientific"] = [name for name in columns if "." in name and name not in hidden]
    return runs


@pytest.mark.parametrize("sample", SAMPLES, ids=len)
def test_mean_and_student_interval(sample):
    low, high = naive.student(sample)
    [cell] = collect.table(frame(x=sample), [], [], ["x"]).to_dict("records")
    assert cell["x"] == pytest.approx(np.mean(sample))
    assert cell["x"] - cell["x_interval"] == pytest.approx(low, rel=1e-6)
    assert cell["x"] + cell["x_interval"] == pytest.approx(high, rel=1e-6)
    assert cell["x_n"] == cell["finished"] == cell["planned"] == len(sample)
    assert (cell["x_low"], cell["x_high"]) == pytest.approx((low, high), rel=1e-6)


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
        *("x", "x_interval", "x_low", "x_high", "x_n"),
        *("y", "y_interval", "y_low", "y_high", "y_n"),
        *("planned", "finished", "failed", "missing"),
    ]
    [cell] = cells.to_dict("records")
    assert (cell["x"], cell["x_n"], cell["y"], cell["y_n"]) == (2.0, 2, 5.0, 1)


@pytest.mark.parametrize(
    ("status", "counted"),
    [
        ("failed", (1, 0)),
        ("crashed", (1, 0)),
        *((status, (0, 1)) for status in ("running", "lost", "interrupted", "missing")),
    ],
)
def test_unfinished_runs_count_towards_no_mean_and_are_told_apart(status, counted):
    runs = frame(status=["finished", "finished", status], x=[1.0, 2.0, 99.0])
    [cell] = collect.table(runs, [], [], ["x"]).to_dict("records")
    assert (cell["x"], cell["x_n"], cell["finished"], cell["planned"]) == (1.5, 2, 2, 3)
    assert (cell["failed"], cell["missing"]) == counted


def test_a_cell_where_all_failed_stays_in_the_table(study):
    folder = study(
        run("d1", metrics={"test_accuracy": 1.0}), failed("d2", task="division"), failed("d3")
    )
    cells = collect.table(collect.runs(folder), ["task.name"], [], ["test_accuracy"])
    addition, division = cells.to_dict("records")
    assert (addition["test_accuracy_n"], addition["planned"]) == (1, 2)
    assert math.isnan(division["test_accuracy"])
    assert (division["test_accuracy_n"], division["finished"], division["planned"]) == (0, 0, 1)


def test_a_number_that_a_finished_run_lacks_does_not_count():
    [cell] = collect.table(frame(x=[1.0, np.nan, 2.0]), [], [], ["x"]).to_dict("records")
    assert (cell["x"], cell["x_n"], cell["finished"], cell["planned"]) == (1.5, 2, 3, 3)


def test_runs_that_did_not_grok_are_censored_not_left_out(study):
    """Reached at 10, 20; one watched to iteration 14, one to 59, one that stopped for good at 5."""
    folder = study(
        run("d1", metrics={"grok_iteration": 10, "updates": 60}),
        run("d2", metrics={"grok_iteration": 20, "updates": 60}),
        run("d3", metrics={"grok_iteration": None, "updates": 15}),
        run("d4", metrics={"grok_iteration": None, "updates": 60}),
        run("d5", metrics={"grok_iteration": None, "updates": 6, "stopped_early": True}),
    )
    runs = collect.runs(folder)
    [cell] = collect.table(runs, [], [], ["grok_iteration"]).to_dict("records")
    assert cell["grok_iteration_n"] == 5
    assert cell["grok_iteration_reached"] == 0.4
    assert cell["grok_iteration"] == math.inf  # 1 - 1/5 at 10, then 4/5 * 2/3 = 0.53 at 20
    [cell] = collect.table(runs[runs["digest"] != "d5"], [], [], ["grok_iteration"]).to_dict(
        "records"
    )
    assert cell["grok_iteration"] == 20  # 3/4 * 1/2
    [cell] = collect.table(runs, [], [], ["grok_iteration:mean"]).to_dict("records")
    assert (cell["grok_iteration:mean"], cell["grok_iteration:mean_n"]) == (15.0, 2)


def test_runs_that_did_not_look_for_a_time_are_not_censored(study):
    """A run without the probe, or of a learner that knows no grokking, never looked."""
    folder = study(
        run("d1", metrics={"grok_iteration": 10, "updates": 60}),
        run("d2", metrics={"grok_iteration": None, "updates": 60}),
        run("d3", metrics={"reconstruction_loss": 0.1, "updates": 3000}),
        failed("d4"),
    )
    runs = collect.runs(folder)
    assert runs["grok_iteration_measured"].tolist() == [True, True, False, False]
    [cell] = collect.table(runs, [], [], ["grok_iteration"]).to_dict("records")
    assert (cell["grok_iteration_n"], cell["grok_iteration_reached"]) == (2, 0.5)
    assert "grok_iteration_measured" not in collect.runs(study(*LOOKED, name="looked"))


LOOKED = [
    run("d1", metrics={"grok_iteration": 10}),
    run("d2", metrics={"grok_iteration": None}),
    failed("d3"),
]


def test_runs_without_the_setting_of_a_row_make_a_cell_of_their_own():
    runs = frame(bandwidth=[2.5, np.nan, 2.5], x=[1.0, 2.0, 3.0])
    cells = collect.table(runs, ["bandwidth"], [], ["x"])
    assert cells["x"].tolist() == [2.0, 2.0]
    assert cells["planned"].sum() == 3


VERDICTS = ["recovered", "cover", None, "recovered", "fits", "recovered"]


def test_texts_are_counted_unless_a_share_is_asked_for():
    runs = frame(verdict=VERDICTS, seed=range(6))
    [cell] = collect.table(runs, [], [], ["verdict", "verdict:share=recovered"]).to_dict("records")
    assert (cell["verdict"], cell["verdict_n"]) == ("3 recovered, 1 cover, 1 fits", 5)
    assert cell["verdict:share=recovered"] == 3 / 5
    low, high = cell["verdict:share=recovered_low"], cell["verdict:share=recovered_high"]
    assert (low, high) == pytest.approx((0.2307, 0.8824), abs=1e-4)  # Wilson, by hand


def test_rare_texts_of_many_are_counted_together():
    [cell] = collect.table(frame(name=[*"aabbcdefghi"]), [], [], ["name"]).to_dict("records")
    assert cell["name"] == "2 a, 2 b, 1 c, 1 d, 1 e, 1 f, 3 others"


def test_texts_that_no_run_has_yet_are_no_mistake():
    runs = frame(verdict=np.array([np.nan, np.nan]), seed=[0, 1])
    for value in ("verdict", "verdict:share=recovered", "verdict:counts"):
        [cell] = collect.table(runs, [], [], [value]).to_dict("records")
        assert cell[f"{value}_n"] == 0


def test_texts_have_no_paired_differences():
    runs = frame(**{"kernel.name": ["g", "q"], "seed": [0, 0], "verdict": ["cover", "fits"]})
    with pytest.raises(TableError, match="verdict: texts have no paired differences"):
        collect.table(runs, [], [], ["verdict"], paired="kernel.name=g,q")


@pytest.mark.parametrize(
    ("rows", "columns", "values", "message"),
    [
        (["task.nam"], [], ["x"], "no column 'task.nam' in these runs; did you mean task.name?"),
        ([], ["task.nam"], ["x"], "did you mean task.name?"),
        ([], [], ["test_acuracy"], "did you mean test_accuracy?"),
        ([], [], ["qqqq"], "known are status, task.name, test_accuracy, x"),
        ([], [], ["task.name:mean"], "column 'task.name' is not numeric and cannot be averaged"),
        ([], [], ["status:range"], "column 'status' is not numeric"),
        ([], [], ["x:counts"], "column 'x' holds no texts to be counted"),
        ([], [], ["x:share=high"], "column 'x' holds no texts to be counted"),
    ],
)
def test_a_column_that_cannot_be_used_is_explained(rows, columns, values, message):
    runs = frame(**{"task.name": ["a"], "test_accuracy": [1.0], "x": [1.0]})
    with pytest.raises(TableError) as caught:
        collect.table(runs, rows, columns, values)
    assert message in str(caught.value)
    assert isinstance(caught.value, GrokrfmError)


MIXED = {
    "kernel.bandwidth": [1.0, 2.0, 1.0, 2.0],
    "task.name": ["a", "a", "b", "b"],
    "split.train_fraction": [0.5, 0.5, 0.7, 0.7],
    "rfm.ridge": [0.0] * 4,
    "rfm.memory_budget": [1.0, 2.0, 3.0, 4.0],
    "seed": [0, 1, 2, 3],
    "hardware.threads": [1, 2, 3, 4],
    "device": ["cuda:0", "cuda:1", "cuda:0", "cuda:7"],
    "x": [1.0, 2.0, 3.0, 4.0],
}


def test_what_is_averaged_over_is_the_settings_that_differ_within_a_cell():
    runs = frame(**MIXED)
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


def test_to_average_over_a_scientific_setting_is_refused_unless_allowed():
    runs = frame(**MIXED)
    with pytest.raises(TableError, match=r"kernel.bandwidth is 1.0 and 2.0\. Add such .*--rows"):
        collect.table(runs, ["task.name"], [], ["x"])
    cells = collect.table(runs, ["task.name"], [], ["x"], average_over=["kernel.bandwidth"])
    assert cells["x"].tolist() == [1.5, 3.5]
    one = collect.table(runs, ["task.name"], [], ["x"], where="kernel.bandwidth == 1")
    assert one["x"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ("device", ["cpu", "cuda"]),
        ("rfm.dtype", ["float32", "float64"]),
        ("start.name", ["identity", "stored"]),
        ("environment.angle", [1, 2]),  # a learner that is not there yet
        ("schema", [1, 2]),
    ],
)
def test_every_scientific_setting_is_guarded(column, levels):
    runs = frame(**{column: levels, "x": [1.0, 2.0]})
    with pytest.raises(TableError, match=f"{column} is {levels[0]} and {levels[1]}"):
        collect.table(runs, [], [], ["x"])


def test_settings_that_the_records_call_plumbing_are_not_guarded():
    runs = frame(**{"rfm.batch": [1, 16], "kernel.bandwidth": [1.0, 1.0], "x": [1.0, 2.0]})
    runs.attrs["scientific"] = ["kernel.bandwidth"]
    assert collect.table(runs, [], [], ["x"])["x_n"].tolist() == [2]
    runs.attrs["scientific"].append("rfm.batch")
    with pytest.raises(TableError, match=r"rfm\.batch is 1 and 16"):
        collect.table(runs, [], [], ["x"])


PAIRS = {
    "kernel.name": ["g", "g", "g", "g", "q", "q", "q", "q"],
    "kernel.bandwidth": [2.5] * 4 + [np.nan] * 4,
    "seed": [0, 1, 2, 3, 3, 1, 0, 4],
    "status": ["finished"] * 6 + ["failed", "finished"],
    "x": [1.0, 0.9, 0.5, 0.7, 0.1, 0.4, np.nan, 0.3],
}


def test_paired_differences_are_between_runs_of_equal_seeds():
    """Seed 0: q failed; 1: 0.9 - 0.4; 2 and 4: one of the two is not there; 3: 0.7 - 0.1."""
    [cell] = collect.table(frame(**PAIRS), [], [], ["x"], paired="kernel.name=g,q").to_dict(
        "records"
    )
    assert cell["x"] == pytest.approx(0.55)
    assert (cell["x_low"], cell["x_high"]) == pytest.approx(naive.student([0.5, 0.6]), rel=1e-6)
    counts = [cell[name] for name in ("x_n", "planned", "finished", "failed", "missing")]
    assert counts == [2, 5, 2, 1, 2]


def test_the_mean_of_paired_differences_has_the_interval_of_the_paired_t_test():
    """Student's own data: hours of sleep gained with two drugs, Biometrika 6:1, 1908.

    The interval is the one that R prints for t.test(extra ~ group, data = sleep, paired = TRUE).
    """
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    runs = frame(
        **{"start.name": ["1"] * 10 + ["2"] * 10, "seed": [*range(10)] * 2, "x": [*first, *second]}
    )
    [cell] = collect.table(runs, [], [], ["x"], paired="start.name=1,2").to_dict("records")
    assert cell["x"] == pytest.approx(-1.58)
    assert (cell["x_low"], cell["x_high"]) == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)


def test_a_setting_of_the_group_compared_may_differ_between_the_two_but_no_other():
    both = frame(**PAIRS, **{"task.modulus": [61] * 4 + [53] * 4})
    with pytest.raises(TableError, match=r"task\.modulus is 53 and 61"):
        collect.table(both, [], [], ["x"], paired="kernel.name=g,q")
    within = frame(**{**PAIRS, "kernel.bandwidth": [1.0, 2.0, 2.0, 2.0] + [np.nan] * 4})
    with pytest.raises(TableError, match=r"kernel\.bandwidth is 1.0 and 2.0"):
        collect.table(within, [], [], ["x"], paired="kernel.name=g,q")


@pytest.mark.parametrize(
    ("paired", "message"),
    [
        ("kernel.name", "must be SETTING=FIRST,SECOND"),
        ("kernel.name=g", "must be SETTING=FIRST,SECOND"),
        ("kernel.name=g,q,r", "must be SETTING=FIRST,SECOND"),
        ("kernel.nam=g,q", "did you mean kernel.name?"),
        ("kernel.name=g,h", "no run has kernel.name=h; known are g, q"),
        ("status=finished,failed", "several runs of seed"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_explained(paired, message):
    runs = frame(**{**PAIRS, "seed": [0, 1, 2, 2, 3, 1, 0, 4], "kernel.bandwidth": [1.0] * 8})
    with pytest.raises(TableError, match=re.escape(message)):
        collect.table(runs, [], [], ["x"], paired=paired, average_over=["kernel.name"])


def test_pairs_need_seeds():
    runs = frame(**{"kernel.name": ["g", "q"], "x": [1.0, 2.0]})
    with pytest.raises(TableError, match="no column 'seed'"):
        collect.table(runs, [], [], ["x"], paired="kernel.name=g,q")


def test_levels_of_several_kinds_have_an_order():
    runs = frame(level=pd.Series([True, 2, "b", None, 1.5, "a"], dtype="object"), x=[1.0] * 6)
    shuffled = runs.iloc[[3, 1, 5, 0, 2, 4]]
    for one in (runs, shuffled):
        cells = collect.table(one, ["level"], [], ["x"])
        assert cells["level"].tolist() == [1.5, 2, True, "a", "b", None]


def test_several_statistics_of_one_column_stand_side_by_side():
    values = ["x", "x:median", "x:range", "x:share=0.5", "x:bootstrap"]
    [cell] = collect.table(frame(x=[0.0, 0.5, 1.0]), [], [], values).to_dict("records")
    assert (cell["x"], cell["x:median"], cell["x:share=0.5"]) == (0.5, 0.5, pytest.approx(2 / 3))
    assert (cell["x:range_low"], cell["x:range_high"]) == (0.0, 1.0)
    assert (cell["x:median_low"], cell["x:median_high"]) == (0.25, 0.75)


def test_infinite_and_missing_numbers_are_not_counted():
    [cell] = collect.table(frame(x=[0.5, np.nan]), [], [], ["x"]).to_dict("records")
    assert (cell["x"], cell["x_n"]) == (0.5, 1)


def test_a_condition_that_holds_for_nothing_is_said():
    with pytest.raises(TableError, match="where 'x > 7' selects none of the 1 runs"):
        collect.table(frame(x=[0.5]), [], [], ["x"], where="x > 7")
