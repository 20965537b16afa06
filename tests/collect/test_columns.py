import pandas as pd
import pytest

from grokrfm import collect
from grokrfm.collect.columns import grouped, is_share, typed
from tests.collect.synthetic import run


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, None], "Int64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([1, 2.5, None], "float64"),
        ([0.5], "float64"),
        (["a", "b"], "str"),
        (["a", None], "object"),
        ([None, None], "object"),
        (["a", 1], "object"),
        ([True, 1], "object"),
        ([10**30, None], "object"),
        ([10**30, 1], "object"),
    ],
    ids=str,
)
def test_a_column_has_the_narrowest_type_that_holds_it(values, dtype):
    column = pd.Series(typed(values))
    assert str(column.dtype) == dtype
    kept = [None if pd.isna(x) else x for x in column.tolist()]
    assert kept == values


def test_settings_are_typed_and_stay_integers_where_some_runs_lack_them(study):
    folder = study(
        run("d1", config={"split": {"train_to_test": 5}, "rfm": {"centering": True}}),
        run("d2", config={"split": {}, "rfm": {"centering": False}}),
    )
    frame = collect.runs(folder)
    assert str(frame["split.train_to_test"].dtype) == "Int64"
    assert str(frame["rfm.centering"].dtype) == "bool"
    assert str(frame["started"].dtype).startswith("datetime64")
    assert str(frame["schema"].dtype) == "int64"


def test_constant_and_varying_columns_are_told_apart(study):
    folder = study(
        run("d1", config={"kernel": {"name": "g", "bandwidth": 2.5}, "seed": 0}),
        run("d2", config={"kernel": {"name": "q"}, "seed": 0}),
    )
    frame = collect.runs(folder)
    constant, varying = collect.constant(frame), collect.varying(frame)
    assert list(varying.columns) == [
        "digest",
        "kernel.name",
        "kernel.bandwidth",
        "started",
        "ended",
    ]
    assert constant["seed"] == 0
    assert constant["n_train"] == 12
    short = {"kernel", "bandwidth"}  # of columns that are listed already
    assert set(constant) | set(varying.columns) | short == set(frame.columns)
    assert not set(constant) & set(varying.columns)


def test_groups_come_in_the_order_of_their_levels_with_missing_ones_last():
    frame = pd.DataFrame({"a": [2.0, None, 1.0, 2.0], "b": ["x", "y", "z", "w"]})
    assert [(key[0], group["b"].tolist()) for key, group in grouped(frame, ["a"])][:2] == [
        *((1.0, ["z"]), (2.0, ["x", "w"]))
    ]
    assert [group["b"].tolist() for _, group in grouped(frame, ["a"])][2] == ["y"]
    assert [key for key, _ in grouped(frame, [])] == [()]


@pytest.mark.parametrize(
    ("number", "share"),
    [
        *(("test_accuracy_fixed", True), ("undecided", True), ("orbit_recall", True)),
        *(("test_agreement", True), ("best_is_held_out", True)),
        *(("test_loss", False), ("overlap", False), ("grok_iteration", False)),
    ],
)
def test_shares_are_known_by_their_names(number, share):
    assert is_share(number) == share
