"""A learner that is observed every 100 updates: counts, times and tables stay right."""

import logging

import numpy as np
import pytest

from grokrfm import collect
from grokrfm.checks import SettingError
from grokrfm.config import build_run
from grokrfm.runs import attempt
from grokrfm.runs.hardware import Hardware
from grokrfm.runs.observer import Observer
from grokrfm.runs.run import execute
from grokrfm.runs.store import Store
from tests.seam.page import run


class StopAfter(Observer):
    def __init__(self, iteration):
        self.iteration = iteration

    def observed(self, record, observation):
        if observation.iteration >= self.iteration:
            raise KeyboardInterrupt


def test_updates_count_what_was_made_and_iterations_where_it_was_observed(settings, tmp_path):
    record = run(settings, tmp_path)
    assert record.history["iteration"] == [99, 199, 299]
    assert record.metrics["updates"] == 300
    assert collect.steps(tmp_path)["iteration"].tolist() == [99, 199, 299]


def test_the_time_left_is_that_of_the_updates_left(settings, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(attempt, "LOG_SECONDS", 0)
    with caplog.at_level(logging.INFO):
        run(settings, tmp_path)
    said = [record.args for record in caplog.records if record.name == attempt.__name__]
    assert [(made, of) for _, _, made, of, _, _ in said] == [(100, 300), (200, 300), (300, 300)]
    for _, _, made, of, each, left in said:
        assert left == pytest.approx(each * (of - made))
        assert 0 < each < 0.1  # seconds an update, not an observation


def test_a_run_that_was_stopped_continues_after_its_last_observation(settings, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(settings, tmp_path, StopAfter(150))
    record = run(settings, tmp_path)
    assert (record.resumed_at, record.metrics["updates"]) == (200, 300)
    whole = run(settings, tmp_path / "whole")
    assert record.history == whole.history
    assert record.metrics == whole.metrics


@pytest.mark.parametrize("chosen", ["all", "last", [100, 300]], ids=str)
def test_features_are_kept_at_the_updates_that_were_observed(settings, tmp_path, chosen):
    save = {**settings["save"], "features": chosen}
    record = run(settings, tmp_path, save=save)
    expected = {"all": [100, 200, 300], "last": [300]}.get(str(chosen), chosen)
    matrices = collect.features(tmp_path, record.digest)
    assert list(matrices) == list(record.features) == expected
    for M in matrices.values():
        np.testing.assert_allclose(M, M.T, rtol=0, atol=1e-12)
    assert record.satisfies(build_run({**settings, "save": save}).spec)


def test_features_at_other_updates_are_refused(settings):
    with pytest.raises(SettingError, match=r"150 is none of .*, 100 to 300 in steps of 100"):
        build_run({**settings, "save": {**settings["save"], "features": [100, 150]}})


def test_grok_iteration_is_an_observed_one_and_missing_where_it_was_not_reached(settings, tmp_path):
    """At modulus 23 the test rows come right between two observations."""
    task = {**settings["task"], "modulus": 23}
    groks = {"task": task, "width": 32, "rate": 10, "updates": 800}
    record = run(settings, tmp_path, **groks)
    accuracies = record.history["test_accuracy"]
    k = record.history["iteration"].index(record.metrics["grok_iteration"])
    assert k > 0
    assert min(accuracies[k:]) >= 0.9 > accuracies[k - 1]
    assert record.history["train_accuracy"][k - 1] > 0.95  # it groks
    assert run(settings, tmp_path, **groks, seed=1).metrics["grok_iteration"] is not None
    never = run(settings, tmp_path, **{**groks, "updates": 100})
    assert never.metrics["grok_iteration"] is None
    runs = collect.runs(tmp_path)
    assert runs["grok_iteration"].isna().tolist() == [False, False, True]
    table = collect.table(runs, ["updates"], [], ["grok_iteration:time"])
    assert len(table) == 2


@pytest.mark.parametrize("kind", ["number", "fact", "number of the whole"])
def test_a_name_of_a_setting_is_refused_for_a_number(settings, tmp_path, kind):
    built = build_run(settings)
    learner = built.learner
    if kind == "number of the whole":
        learner.summarise = lambda history: {"width": 4}
    elif kind == "fact":
        learner.facts = lambda: {"width": 4}
        with pytest.raises(SettingError, match="width: is a setting and a fact; rename"):
            execute(built, Store(tmp_path), Hardware("cpu", 1), Observer())
        return
    else:
        observe = learner.observe

        def observed(*arguments):
            for observation in observe(*arguments):
                observation.numbers["width"] = 4
                yield observation

        learner.observe = observed
    record = execute(built, Store(tmp_path), Hardware("cpu", 1), Observer())
    assert record.status == "failed"
    assert record.error["message"] == "width: is a setting and a number; rename one of them"


def test_a_setting_that_is_not_finite_is_refused(settings):
    with pytest.raises(SettingError, match="decay must be a finite number, got nan"):
        _ = build_run({**settings, "decay": float("nan")}).spec.digest


def test_the_seed_of_any_learner_is_checked(settings):
    with pytest.raises(SettingError, match="seed must be an integer of at least 0, got 'abc'"):
        build_run({**settings, "seed": "abc"})


def test_a_part_of_another_group_is_refused(settings):
    with pytest.raises(SettingError, match=r"task\._target_: .* makes a Uniform, not a Task"):
        build_run({**settings, "task": settings["split"]})
