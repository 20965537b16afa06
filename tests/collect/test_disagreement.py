import pytest

from grokrfm import collect
from tests.collect.synthetic import failed, run


def finished(accuracy, loss=0.5, **metrics):
    return run("d1", metrics={"test_accuracy": accuracy, "test_loss": loss, **metrics})


def test_a_run_that_finished_twice_with_different_numbers_is_reported(study, caplog):
    folder = study(finished(0.25), finished(0.75, 0.6), run("d2"))
    [row] = collect.runs(folder)[lambda frame: frame["digest"] == "d1"].to_dict("records")
    assert row["test_accuracy"] == 0.75  # the later one
    [record] = caplog.records
    assert "run d1 finished twice with different numbers: test_accuracy 0.25 and" in record.message
    found = collect.conflicts(folder)
    assert found["number"].tolist() == ["test_accuracy", "test_loss"]
    assert found[["digest", "first", "second"]].iloc[0].tolist() == ["d1", 0.25, 0.75]


def test_studies_that_disagree_are_reported(study, caplog):
    first, second = study(finished(0.25), name="first"), study(finished(0.75), name="second")
    collect.runs([first, second])
    assert "d1 finished twice" in caplog.text


@pytest.mark.parametrize(
    "other",
    [
        finished(0.25),
        finished(0.25 + 1e-9),
        finished(0.25, 0.5 * (1 + 1e-6)),
        finished(0.25, fit_seconds=7.0),
        finished(0.25, new_number=1.0),
        run("d1", metrics={"test_accuracy": None}),
        failed("d1", metrics={"test_accuracy": 0.9}),
    ],
    ids=["same", "rounding", "loss", "time", "another number", "missing", "failed"],
)
def test_runs_that_agree_up_to_rounding_are_no_conflict(study, caplog, other):
    folder = study(finished(0.25, fit_seconds=1.0), other)
    collect.runs(folder)
    assert not caplog.records
    assert collect.conflicts(folder).empty


def test_a_folder_given_twice_disagrees_with_nothing(study, caplog):
    folder = study(finished(0.25))
    assert len(collect.runs([folder, folder])) == 1
    assert not caplog.records
