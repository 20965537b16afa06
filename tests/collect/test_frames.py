import math

import numpy as np
import pandas as pd
import pytest

from grokrfm import collect
from grokrfm.checks import StoreError
from grokrfm.collect.layout import TableError
from grokrfm.collect.short import short_names
from grokrfm.runs import features
from tests.collect.synthetic import BEGINNING, HERE_BUT_GONE, NAMES, TOOK, curve, failed, plan, run

CONTRACT = {
    "digest": "string",
    "status": "string",
    "task.name": "string",
    "n_train": "integer",
    "n_test": "integer",
    "train_accuracy": "floating",
    "test_accuracy": "floating",
    "train_loss": "floating",
    "test_loss": "floating",
    "test_accuracy_strict": "floating",
    "test_accuracy_fixed": "floating",
    "test_accuracy_moved": "floating",
    "undecided": "floating",
    "margin_median": "floating",
    "grok_iteration": "integer",
    "seconds": "floating",
    "device": "string",
    "host": "string",
    "commit": "string",
    "dirty": "boolean",
    "started": "datetime64",
    "ended": "datetime64",
}


@pytest.mark.parametrize(("column", "kind"), CONTRACT.items())
def test_a_column_of_the_contract_is_there_and_typed(study, column, kind):
    folder = study(run("d1", metrics=MEASURED))
    assert pd.api.types.infer_dtype(collect.runs(folder)[column], skipna=False) == kind


MEASURED = {name: 0.5 for name, kind in CONTRACT.items() if kind == "floating"} | {
    "grok_iteration": 3
}


@pytest.mark.parametrize("column", [*NAMES.leading, "n_train", "n_test"])
def test_leading_numbers_and_counts_have_one_type_in_any_study(study, column):
    """A study where nothing finished has the same types as a full one."""
    full = run("d1", metrics=MEASURED)
    studies = {"full": [full], "failed": [failed("d1")], "both": [full, failed("d2")]}
    for name, runs in studies.items():
        frame = collect.runs(study(*runs, name=name))
        expected = "Int64" if column in ("n_train", "n_test", "grok_iteration") else "float64"
        assert str(frame[column].dtype) == expected


def test_settings_are_dotted_columns(study):
    config = {
        "task": {"_target_": "grokrfm.tasks.abelian", "name": "abelian", "sizes": [5, 7]},
        "split": {"name": "fixed_points", "reflections": [[2, 3]]},
        "probe": {"grok": {"threshold": 0.9}},
        "hardware": {"threads": None},
        "seed": 3,
    }
    [row] = collect.runs(study(run("d1", config=config))).to_dict("records")
    assert row["task.sizes"] == "[5, 7]"
    assert row["split.reflections"] == "[[2, 3]]"
    assert row["probe.grok.threshold"] == 0.9
    assert row["hardware.threads"] is None
    assert row["seed"] == 3
    assert not [name for name in row if "_target_" in name]


def test_a_setting_that_some_runs_do_not_have_is_missing_there(study):
    folder = study(
        run("d1", config={"kernel": {"name": "gaussian", "bandwidth": 2.5}}),
        run("d2", config={"kernel": {"name": "quadratic"}}),
    )
    bandwidth = collect.runs(folder).set_index("digest")["kernel.bandwidth"]
    assert bandwidth["d1"] == 2.5
    assert math.isnan(bandwidth["d2"])


def test_a_finished_run_has_its_final_numbers_and_times(study):
    metrics = {"test_accuracy": 0.25, "test_loss": 0.5, "grok_iteration": 12}
    [row] = collect.runs(study(run("d1", metrics=metrics))).to_dict("records")
    assert {name: row[name] for name in metrics} == metrics
    assert (row["n_train"], row["n_test"]) == (12, 13)
    assert row["seconds"] == TOOK
    assert row["started"] == pd.Timestamp(BEGINNING, unit="s", tz="UTC")
    assert row["ended"] - row["started"] == pd.Timedelta(seconds=TOOK)
    assert (row["device"], row["host"], row["commit"]) == ("cpu", "elsewhere", "c0ffee")
    assert row["error"] is None


@pytest.mark.parametrize(
    ("described", "status"),
    [
        (failed("d1", metrics={"test_accuracy": 0.5, "lu_iterations": 1}), "failed"),
        (run("d1", "interrupted", metrics={"test_accuracy": 0.5}), "interrupted"),
        (run("d1", status=None), "running"),
        (run("d1", status=None, provenance=HERE_BUT_GONE), "lost"),
    ],
    ids=["failed", "interrupted", "running", "lost"],
)
def test_a_run_that_is_not_finished_has_no_final_numbers(study, described, status):
    frame = collect.runs(study(described, run("d2", metrics={"test_accuracy": 1.0})))
    row = frame.set_index("digest").loc["d1"]
    assert row["status"] == status
    assert row["n_train"] == 12
    assert row[[*NAMES.leading]].isna().all()
    assert (row["error"] == "out of luck") == (status == "failed")


@pytest.mark.parametrize("status", [None, "finished"])
def test_seconds_are_missing_exactly_while_there_is_no_end(study, status):
    [row] = collect.runs(study(run("d1", status))).to_dict("records")
    assert pd.isna(row["ended"]) == math.isnan(row["seconds"]) == (status is None)


def test_grok_iteration_is_missing_when_not_reached(study):
    folder = study(
        run("reached", metrics={"grok_iteration": 0}),
        run("never", metrics={"grok_iteration": None}),
    )
    grok_iteration = collect.runs(folder).set_index("digest")["grok_iteration"]
    assert grok_iteration["reached"] == 0
    assert grok_iteration["never"] is pd.NA


def test_rows_are_in_the_order_of_the_starts(study):
    frame = collect.runs(study(run("z"), run("a"), run("m")))
    assert frame["digest"].tolist() == ["z", "a", "m"]


def test_a_run_tried_twice_is_one_row_the_finished_one(study):
    folder = study(run("d1", metrics={"test_accuracy": 0.5}), failed("d1"))
    [row] = collect.runs(folder).to_dict("records")
    assert (row["status"], row["test_accuracy"]) == ("finished", 0.5)


def test_a_run_that_is_planned_and_has_no_record_is_missing(study):
    folder = study(run("d1", metrics={"test_accuracy": 0.5}), run("d2", status=None))
    plan(folder, [run("d1"), run("d2"), run("d3", task="division")])
    plan(folder, [run("d3", task="division"), run("d4")])
    frame = collect.runs(folder).set_index("digest")
    assert frame["status"].to_dict() == {
        "d1": "finished",
        "d2": "running",
        "d3": "missing",
        "d4": "missing",
    }
    assert frame.loc["d3", "task.name"] == "division"
    assert frame.loc["d3", ["n_train", "seconds", "started"]].isna().all()
    cells = collect.table(frame, ["task.name"], [], ["test_accuracy"]).set_index("task.name")
    assert cells["planned"].to_dict() == {"addition": 3, "division": 1}
    assert cells["missing"].to_dict() == {"addition": 2, "division": 1}


def test_a_study_that_is_only_planned_can_be_read(tmp_path):
    plan(tmp_path / "demo", [run("d1"), run("d2")])
    assert collect.runs(tmp_path / "demo")["status"].tolist() == ["missing", "missing"]
    assert len(collect.steps(tmp_path / "demo")) == 0


def test_a_run_missing_in_one_study_may_be_finished_in_another(study):
    first, second = study(name="first"), study(run("d1"), name="second")
    plan(first, [run("d1")])
    assert collect.runs([first, second])["status"].tolist() == ["finished"]


def test_several_folders_are_one_frame(study):
    first = study(failed("both"), run("one", metrics={"test_accuracy": 0.1}), name="first")
    second = study(
        run("both", metrics={"test_accuracy": 0.2}, history=curve(0.0, 0.2)),
        name="second",
        beginning=BEGINNING + 1000,
    )
    for folders in ([first, second], [str(second), str(first)], (first, second, first)):
        accuracy = collect.runs(folders).set_index("digest")["test_accuracy"]
        assert accuracy.to_dict() == {"one": 0.1, "both": 0.2}
        assert collect.steps(folders)["test_accuracy"].tolist() == [0.0, 0.2]


@pytest.mark.parametrize("as_given", [str, lambda path: path, lambda path: [path]])
def test_a_folder_is_given_as_text_path_or_list(study, as_given):
    assert collect.runs(as_given(study(run("d1"))))["digest"].tolist() == ["d1"]


def test_steps_are_a_row_a_run_and_iteration(study):
    folder = study(
        run("d1", history=curve(0.0, 1.0)),
        run("d2", history=curve(0.5, undecided=[0.25])),
    )
    frame = collect.steps(folder)
    assert frame[["digest", "iteration"]].to_numpy().tolist() == [["d1", 0], ["d1", 1], ["d2", 0]]
    assert frame["test_accuracy"].tolist() == [0.0, 1.0, 0.5]
    assert frame["undecided"].isna().tolist() == [True, True, False]
    assert frame["solver"].tolist() == ["cholesky"] * 3
    assert frame["seconds"].tolist() == [0.5] * 3
    assert frame["iteration"].dtype == "int64"


def test_the_columns_of_steps_are_in_the_order_of_the_history(study):
    names = [f"number {i}" for i in range(20)]  # a set of them would be in another order
    frame = collect.steps(study(run("d1", history=curve(0.0, **{name: [1.0] for name in names}))))
    assert list(frame.columns) == [
        *("digest", "iteration", "test_accuracy", "solver", "seconds"),
        *names,
    ]


def test_a_number_that_was_not_finite_is_missing_in_steps(study):
    frame = collect.steps(study(run("d1", history=curve(None, None))))
    assert frame["test_accuracy"].dtype == "float64"
    assert frame["test_accuracy"].isna().all()


def test_steps_are_those_of_the_attempt_that_runs_shows(study):
    folder = study(failed("d1", history=curve(0.1)), run("d1", history=curve(0.2, 0.3)))
    assert collect.steps(folder)["test_accuracy"].tolist() == [0.2, 0.3]


@pytest.mark.parametrize("apart", [False, True])
def test_a_run_measured_by_other_probes_has_all_numbers(study, apart):
    before = run(
        "d1", metrics={"test_loss": 0.5}, history=curve(0, 1, test_loss=[0.7, 0.5]),
        config={"probe": {"loss": {"name": "loss"}}},
    )  # fmt: skip
    after = run(
        "d1", metrics={"margin": 2.0}, history=curve(0, 1, 1, margin=[3.0, 2.5, 2.0]),
        config={"probe": {"margin": {"name": "margin"}}},
    )  # fmt: skip
    parts = [[before], [after]] if apart else [[before, after]]
    folders = [study(*runs, name=f"s{i}", beginning=BEGINNING + i) for i, runs in enumerate(parts)]
    [row] = collect.runs(folders).to_dict("records")
    assert (row["test_loss"], row["margin"], row["probe.loss.name"]) == (0.5, 2.0, "loss")
    steps = collect.steps(folders)
    assert steps["margin"].tolist() == [3.0, 2.5, 2.0]
    assert steps["test_loss"].tolist()[:2] == [0.7, 0.5]
    assert math.isnan(steps["test_loss"][2])  # the earlier attempt ended before
    assert collect.steps(folders, ["test_loss"])["test_loss"].count() == 2


def test_steps_of_runs_that_are_still_going_are_an_empty_frame(study):
    frame = collect.steps(study(run("d1", status=None)))
    assert len(frame) == 0
    assert list(frame.columns) == ["digest", "iteration"]


def test_features_are_the_matrices_kept(study, caplog):
    folder = study(run("d1"), run("without"))
    kept = {0: np.eye(3), 10: np.arange(9.0).reshape(3, 3), 2: np.ones((3, 3))}
    features.write(folder, "d1", kept)
    read = collect.features(folder, "d1")
    assert list(read) == [0, 2, 10]
    for k, M in read.items():
        np.testing.assert_array_equal(M, kept[k])
    assert caplog.text == ""
    assert collect.features(folder, "without") == {}
    assert "run without saved no feature matrices; compute it again with save.fea" in caplog.text


def test_features_are_found_in_any_of_several_folders(study):
    first, second = study(run("d1"), name="first"), study(run("d2"), name="second")
    features.write(second, "d2", {1: np.eye(2)})
    assert list(collect.features([first, second], "d2")) == [1]


def test_features_are_found_when_a_later_attempt_elsewhere_kept_none(study):
    keeper = study(run("d1"), name="keeper")
    other = study(run("d1"), name="other", beginning=BEGINNING + 1000)
    features.write(keeper, "d1", {1: np.eye(2)})
    assert list(collect.features([keeper, other], "d1")) == [1]


def test_features_of_a_run_that_is_not_there_are_refused(study):
    with pytest.raises(StoreError, match="no run with digest d9"):
        collect.features(study(run("d1")), "d9")


@pytest.mark.parametrize("content", [b"PK\x03\x04 torn", b"garbage", b""])
def test_a_feature_file_that_cannot_be_read_is_named(study, content):
    folder = study(run("d1"))
    features.write(folder, "d1", {1: np.eye(2)})
    features.path(folder, "d1").write_bytes(content)
    with pytest.raises(StoreError, match=r"d1\.npz: cannot be read"):
        collect.features(folder, "d1")


@pytest.mark.parametrize("read", [collect.runs, collect.steps])
def test_a_study_that_does_not_exist_is_named(tmp_path, read):
    with pytest.raises(StoreError, match=r"nowhere does not exist; a study is a folder below"):
        read(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_one_bad_folder_among_several_is_named(study, tmp_path):
    with pytest.raises(StoreError, match="nowhere does not exist"):
        collect.runs([study(run("d1")), tmp_path / "nowhere"])


@pytest.mark.parametrize("read", [collect.runs, collect.steps])
def test_a_folder_that_is_not_a_study_names_those_inside(study, tmp_path, read):
    study(run("d1"), name="second")
    study(run("d1"), name="first")
    (tmp_path / "else").mkdir()
    with pytest.raises(StoreError, match=r"is not a study.*contains the studies first, second$"):
        read(tmp_path)


def test_an_empty_folder_is_no_study_and_names_none(tmp_path):
    with pytest.raises(StoreError, match=r"is not a study, it has no folder segments/$"):
        collect.runs(tmp_path)


SWEPT = {
    "task": {"name": "addition", "modulus": 7, "second": {"modulus": 5}},
    "split": {"name": "fixed_points", "train_fraction": 0.9, "reflections": [[2, 3]]},
    "kernel": {"name": "gaussian"},
    "seed": 3,
    "probe": {"accuracy": {"name": "accuracy", "tie": 0.0}},
}


@pytest.fixture
def swept(study):
    other = SWEPT | {"split": SWEPT["split"] | {"train_fraction": 0.5, "reflections": []}}
    return study(
        run("d1", config=SWEPT, metrics={"test_accuracy": 1.0}, history=curve(0.0, 1.0)),
        run("d2", config=other, metrics={"test_accuracy": 0.5}, history=curve(0.5)),
    )


def test_short_names_can_be_queried_and_dotted_ones_stay(swept):
    runs = collect.runs(swept)
    assert runs.query("train_fraction == 0.9")["digest"].tolist() == ["d1"]
    assert len(runs.query("kernel == 'gaussian' and task == 'addition' and seed == 3")) == 2
    assert runs["split.train_fraction"].tolist() == runs.train_fraction.tolist() == [0.9, 0.5]
    assert (runs["task_modulus"] == 7).all() and (runs["task_second_modulus"] == 5).all()
    assert "modulus" not in runs and "accuracy" not in runs and "tie" not in runs


def test_lists_are_lists_under_short_names_and_texts_under_dotted_ones(swept):
    runs = collect.runs(swept)
    assert runs["reflections"].tolist() == [[[2, 3]], []]
    assert runs["split.reflections"].tolist() == ["[[2, 3]]", "[]"]
    assert set(runs.groupby("split.reflections").groups) == {"[[2, 3]]", "[]"}


def test_short_names_repeat_nothing_where_columns_are_listed(swept):
    runs = collect.runs(swept)
    assert {"split.train_fraction", "split.reflections"} <= set(collect.varying(runs))
    assert not {"train_fraction", "reflections"} & set(collect.varying(runs))
    assert "kernel.name" in collect.constant(runs) and "kernel" not in collect.constant(runs)
    cells = collect.table(runs, ["reflections"], ["train_fraction"], ["test_accuracy"])
    assert list(cells)[:3] == ["split.reflections", "split.train_fraction", "test_accuracy"]


@pytest.mark.parametrize(
    ("settings", "taken", "short"),
    [
        (["kernel.name"], [], {"kernel": "kernel.name"}),
        (["kernel.name"], ["kernel"], {"kernel_name": "kernel.name"}),
        (["a.x", "b.x"], [], {"a_x": "a.x", "b_x": "b.x"}),
        (["a.x"], ["x"], {"a_x": "a.x"}),
        (["task.group.name", "env.group.name"], [], None),
        (["a.sr^0", "a.x y"], [], {}),
    ],
)
def test_short_names_are_unambiguous(settings, taken, short):
    both = {"task_group": "task.group.name", "env_group": "env.group.name"}
    assert short_names(settings, taken) == (both if short is None else short)


def test_steps_are_joined_with_settings(swept):
    settings = ["split.train_fraction", "kernel", "reflections"]
    steps = collect.steps(swept, ["test_accuracy"], settings=settings)
    assert list(steps) == ["digest", "iteration", "test_accuracy", *settings]
    assert steps["split.train_fraction"].tolist() == [0.9, 0.9, 0.5]
    assert steps["reflections"].tolist() == [[[2, 3]], [[2, 3]], []]
    with pytest.raises(TableError, match=r"no setting 'kernl' in these runs; did you mean kernel"):
        collect.steps(swept, settings=["kernl"])
    with pytest.raises(TableError, match="'test_accuracy' is a number of these histories"):
        collect.steps(swept, settings=["test_accuracy"])
